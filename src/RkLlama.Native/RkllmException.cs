namespace RkLlama.Native;

/// <summary>The vendor library is missing or not usable, or a call failed. The message is one sentence for the operator.</summary>
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

    /// <exception cref="RkllmException"><paramref name="status"/> is not 0. The library prints the reason and does not return it.</exception>
    internal static void ThrowIfFailed(int status, string function)
    {
        if (status != 0)
            throw new RkllmException($"{function} failed ({status})");
    }
}
