namespace RkLlama.Hub.Hubs;

/// <summary>Addresses and tokens of the hubs.</summary>
internal sealed record HubOptions
{
    /// <summary>The address of Hugging Face or of a mirror, without a slash at the end.</summary>
    public Uri HuggingFace { get; init; } = new("https://huggingface.co");

    /// <summary>The address of ModelScope.</summary>
    public Uri ModelScope { get; init; } = new("https://modelscope.cn");

    /// <summary>The token for Hugging Face; <see langword="null"/> for none. It is sent to <see cref="HuggingFace"/> only, never to hosts that this redirects to.</summary>
    public string? HuggingFaceToken { get; init; }

    /// <summary>The token for ModelScope; <see langword="null"/> for none.</summary>
    public string? ModelScopeToken { get; init; }

    /// <summary>Whether requests to hubs are forbidden.</summary>
    public bool IsOffline { get; init; }

    /// <summary>Time without a byte after which a connection is opened again.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>First wait after a failed try; it doubles with each further one.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Number of tries without progress after which a request fails.</summary>
    public int Tries { get; init; } = 5;
}
