using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation.Vectors;

/// <summary>What a text is for that gets an embedding. Some models expect other words around a query than around a document.</summary>
internal enum EmbeddingInputType
{
    /// <summary>The text is embedded as it is.</summary>
    Plain,

    /// <summary>A query, for which documents are searched. <c>EMBED_QUERY</c> of the Modelfile applies.</summary>
    Query,

    /// <summary>A document, which may be found. <c>EMBED_DOCUMENT</c> of the Modelfile applies.</summary>
    Document,
}

internal static class EmbeddingTemplates
{
    /// <summary>Returns what stands around a text of this type; <see langword="null"/> for nothing.</summary>
    internal static TextTemplate? EmbeddingTemplate(this Modelfile modelfile, EmbeddingInputType type)
    {
        string? source = type switch
        {
            EmbeddingInputType.Query => modelfile.EmbedQuery,
            EmbeddingInputType.Document => modelfile.EmbedDocument,
            _ => null,
        };
        return source is null ? null : new(source);
    }
}
