namespace RkLlama.Hub.Names;

/// <summary>The kinds of hubs that a model can be downloaded from.</summary>
internal enum HubKind
{
    /// <summary>Hugging Face, or a mirror with the same API.</summary>
    HuggingFace,

    /// <summary>ModelScope.</summary>
    ModelScope,
}
