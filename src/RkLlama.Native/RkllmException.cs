namespace RkLlama.Native;

/// <summary>The kind of failure that an <see cref="RkllmException"/> reports.</summary>
public enum RkllmErrorCode
{
    /// <summary>A call of the library failed. The library prints the reason to stdout instead of returning it.</summary>
    CallFailed,

    /// <summary>The dynamic linker cannot load <c>librkllmrt.so</c>.</summary>
    LibraryNotLoadable,

    /// <summary>Another library, which <c>librkllmrt.so</c> depends on, is missing or too old.</summary>
    LibraryDependencyMissing,

    /// <summary>The version of the library is unknown, ambiguous or not supported.</summary>
    LibraryNotIdentified,
}

/// <summary>The vendor library is missing or not usable, or a call failed. The message is one sentence for the operator.</summary>
public sealed class RkllmException : Exception
{
    public RkllmErrorCode Code { get; init; }

    public RkllmException(string message)
        : base(message)
    {
    }

    public RkllmException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <param name="status">The return value of the library function.</param>
    /// <param name="function">The name of the function, for the message.</param>
    /// <exception cref="RkllmException"><paramref name="status"/> is not 0. The library prints the reason to stdout.</exception>
    internal static void ThrowIfFailed(int status, string function)
    {
        if (status != 0)
            throw new RkllmException($"{function} failed ({status})");
    }
}
