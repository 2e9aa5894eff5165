using RkLlama.Engine.Models.Modelfiles;

namespace RkLlama.Engine.Residency;

/// <summary>What a model is used for. With <c>--max-models auto</c>, one model of each role can be resident.</summary>
internal enum ModelRole
{
    /// <summary>The model generates text.</summary>
    Chat,

    /// <summary>The model computes embeddings: its Modelfile sets POOLING.</summary>
    Embedding,

    /// <summary>The model judges documents: its Modelfile sets RERANK, or its name contains "rerank".</summary>
    Reranking,
}

internal static class ModelRoles
{
    /// <summary>Returns the name of the role in the APIs: <c>completion</c>, <c>embedding</c> or <c>rerank</c>.</summary>
    internal static string ToWire(this ModelRole role) => role switch
    {
        ModelRole.Embedding => "embedding",
        ModelRole.Reranking => "rerank",
        _ => "completion",
    };

    /// <summary>Returns the role of a model with this name and Modelfile.</summary>
    internal static ModelRole Of(string name, Modelfile modelfile) => modelfile switch
    {
        { Rerank: true } => ModelRole.Reranking,
        { Pooling: not null } => ModelRole.Embedding,
        { Rerank: null } when name.Contains("rerank", StringComparison.OrdinalIgnoreCase) => ModelRole.Reranking,
        _ => ModelRole.Chat,
    };
}
