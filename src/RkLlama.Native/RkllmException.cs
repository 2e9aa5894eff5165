namespace RkLlama.Native;

/// <summary>The vendor library is missing, not usable, or refused a call. The message is one sentence for the operator.</summary>
public sealed class RkllmException : Exception
{
    public RkllmException(string message)
        : base(message)
    {
    }

    public RkllmException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <exception cref="RkllmException"><paramref name="status"/> is not 0. The library gives no reason beyond what it printed.</exception>
    internal static void ThrowIfFailed(int status, string function)
    {
        if (status != 0)
            throw new RkllmException($"{function} failed ({status})");
    }
}
