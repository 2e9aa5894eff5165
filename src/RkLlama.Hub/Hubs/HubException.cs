namespace RkLlama.Hub.Hubs;

/// <summary>Why a request to a hub, or a download, failed. Each value has its own label in metrics.</summary>
internal enum HubError
{
    /// <summary>The name is not valid.</summary>
    InvalidName,

    /// <summary>There is no such repository, or it is private.</summary>
    RepositoryNotFound,

    /// <summary>The repository has no such revision.</summary>
    RevisionNotFound,

    /// <summary>The repository has no such file, or no file that fits.</summary>
    FileNotFound,

    /// <summary>The hub gives the files only to accounts with access.</summary>
    Gated,

    /// <summary>The hub does not accept the token.</summary>
    TokenInvalid,

    /// <summary>The hub currently accepts no more requests.</summary>
    RateLimited,

    /// <summary>The hub, or the host that it redirects to, cannot be reached, or answers with errors.</summary>
    Unreachable,

    /// <summary>The proxy does not connect to the host.</summary>
    ProxyRefused,

    /// <summary>The answer is not that of a hub.</summary>
    InvalidAnswer,

    /// <summary>The certificate of the host is not accepted, or this machine has no library for TLS.</summary>
    Tls,

    /// <summary>Settings forbid the use of the network.</summary>
    Offline,

    /// <summary>The file on the hub changed during the download.</summary>
    Changed,

    /// <summary>The downloaded bytes are not those that the hub promises.</summary>
    Corrupt,

    /// <summary>The disk has too little space.</summary>
    NoSpace,

    /// <summary>The models directory cannot be written.</summary>
    NotWritable,
}

/// <summary>A request to a hub, or a download, failed. <see cref="Exception.Message"/> is for the user: sentences with the next step, without a period.</summary>
internal sealed class HubException(HubError error, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The reason.</summary>
    internal HubError Error { get; } = error;

    /// <summary>Whether the name could be a short name, and no table has it.</summary>
    internal bool IsUnknownName { get; init; }

    /// <summary>The status of the answer, if the hub or the host refuses the request; otherwise 0.</summary>
    internal int Status { get; init; }

    /// <summary>How long the hub asks to wait; <see langword="null"/> if it does not say.</summary>
    internal TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether the same request may succeed within minutes.</summary>
    internal bool IsTransient => Error is HubError.RateLimited or HubError.Unreachable && RetryAfter is not { TotalMinutes: > MaxRetryMinutes };

    // If a hub asks for a longer wait, the request fails at once.
    private const int MaxRetryMinutes = 5;
}
