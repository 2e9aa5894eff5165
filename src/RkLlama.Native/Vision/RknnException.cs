namespace RkLlama.Native.Vision;

/// <summary>The return values of <c>librknnrt.so</c>.</summary>
public enum RknnStatus
{
    Success = 0,
    Fail = -1,
    Timeout = -2,
    DeviceUnavailable = -3,
    AllocationFailed = -4,
    InvalidParameter = -5,

    /// <summary>Also if NPU domain 0 has no room for the model.</summary>
    InvalidModel = -6,
    InvalidContext = -7,
    InvalidInput = -8,
    InvalidOutput = -9,
    DeviceMismatch = -10,
    IncompatiblePrecompiledModel = -11,
    IncompatibleOptimizationLevel = -12,
    TargetPlatformMismatch = -13,
}

/// <summary>
/// <c>librknnrt.so</c> or an encoder is missing or not usable, or a call failed. The message is one sentence for the operator.
/// </summary>
public sealed class RknnException : Exception
{
    /// <summary>The return value of the call that failed; <see cref="RknnStatus.Success"/> if no call failed.</summary>
    public RknnStatus Status { get; }

    public RknnException(string message, RknnStatus status = RknnStatus.Success)
        : base(message) => Status = status;

    public RknnException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <exception cref="RknnException"><paramref name="status"/> is not <see cref="RknnStatus.Success"/>.</exception>
    internal static void ThrowIfFailed(RknnStatus status, string function)
    {
        if (status != RknnStatus.Success)
            throw new RknnException($"{function} failed ({(int)status}: {Meaning(status)})", status);
    }

    /// <summary>What a return value means, in words.</summary>
    internal static string Meaning(RknnStatus status) => status switch
    {
        RknnStatus.Timeout => "the NPU did not finish in time",
        RknnStatus.DeviceUnavailable => "the NPU is not available",
        RknnStatus.AllocationFailed => "no memory",
        RknnStatus.InvalidModel => "the file is not a model for this library, or NPU domain 0 has no room for it",
        RknnStatus.InvalidInput => "the input does not fit the model",
        RknnStatus.InvalidOutput => "the outputs do not fit the model",
        RknnStatus.TargetPlatformMismatch => "the model was converted for another platform",
        RknnStatus.IncompatiblePrecompiledModel or RknnStatus.IncompatibleOptimizationLevel or RknnStatus.DeviceMismatch
            => "the model was converted for another version of the library or the driver",
        _ => "the library gives no reason",
    };
}
