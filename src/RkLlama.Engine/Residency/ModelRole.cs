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
