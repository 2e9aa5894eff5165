using System.ComponentModel.DataAnnotations;
using RkLlama.Server.Api.Common.Embeddings;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.OpenAi.Embeddings;

/// <summary>A request for embeddings. Unknown fields are ignored. A null field counts as absent.</summary>
internal sealed record EmbeddingsBody
{
    /// <summary>Id of an embedding model from GET /v1/models. If the model is not loaded, the server loads it. Default: the loaded model.</summary>
    public string? Model { get; init; }

    /// <summary>
    /// One text, or an array of texts. Each text gets one vector. In place of a text, an array of token ids of the model's own vocabulary is possible. A text
    /// without tokens, such as an empty one, is an error.
    /// </summary>
    [AnyOf(typeof(string), typeof(string[]), typeof(int[]), typeof(int[][]))]
    public required TextsOrTokens Input { get; init; }

    /// <summary>Format of the vectors. float (default): an array of numbers. base64: the values as little-endian float32, encoded in base64.</summary>
    [AllowedValues("float", "base64")]
    public string? EncodingFormat { get; init; }

    /// <summary>
    /// Number of values of each vector. The vector is cut after these values and normalized to length 1 again. This is only useful for models that are
    /// trained for it. Default: all values.
    /// </summary>
    [Range(1, int.MaxValue)]
    public int? Dimensions { get; init; }

    /// <summary>
    /// What the texts are for, as in Cohere's and NVIDIA's APIs. EMBED_QUERY of the Modelfile applies to queries (query, search_query), EMBED_DOCUMENT to documents
    /// (document, search_document, passage). Other texts, and token ids, are embedded as they are. Default: as they are.
    /// </summary>
    [AllowedValues("query", "search_query", "document", "search_document", "passage", "classification", "clustering", "")]
    public string? InputType { get; init; }

    /// <summary>The same as input_type, as in Text Embeddings Inference.</summary>
    [AllowedValues("query", "search_query", "document", "search_document", "passage", "classification", "clustering", "")]
    public string? PromptName { get; init; }

    /// <summary>The same as input_type, as in Jina's API: retrieval.query is a query, retrieval.passage is a document.</summary>
    [AllowedValues("retrieval.query", "retrieval.passage", "text-matching", "classification", "separation", "clustering", "")]
    public string? Task { get; init; }
}
