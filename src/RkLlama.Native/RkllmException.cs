namespace RkLlama.Native;

/// <summary>The kind of failure that an <see cref="RkllmException"/> reports.</summary>
public enum RkllmErrorCode
{
    /// <summary>The library refused a call. It prints the reason and does not return it.</summary>
    CallFailed,

    /// <summary>The dynamic loader cannot load the file.</summary>
    LibraryNotLoadable,

    /// <summary>A library that the file depends on is missing or too old.</summary>
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

    /// <exception cref="RkllmException"><paramref name="status"/> is not 0. The library prints the reason and does not return it.</exception>
    internal static void ThrowIfFailed(int status, string function)
    {
        if (status != 0)
            throw new RkllmException($"{function} failed ({status})");
    }
}
