namespace RkLlama.Hub.Selection;

/// <summary>What a file must fit.</summary>
internal sealed record SelectionRequest
{
    /// <summary>The platform of the node, for example <c>rk3588</c>; <see langword="null"/> if unknown.</summary>
    public string? Platform { get; init; }

    /// <summary>The version of the node's runtime; <see langword="null"/> if unknown.</summary>
    public Version? Runtime { get; init; }

    /// <summary>The quantization that the user asks for, for example <c>w8a8</c>; <see langword="null"/> for any.</summary>
    public string? Quantization { get; init; }

    /// <summary>The minimum context length that the user asks for, in tokens; <see langword="null"/> for any.</summary>
    public int? ContextLength { get; init; }
}
