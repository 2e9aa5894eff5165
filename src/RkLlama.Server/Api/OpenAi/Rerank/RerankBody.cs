using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace RkLlama.Server.Api.OpenAi.Rerank;

/// <summary>
/// A request to judge documents, in the form of Jina, Cohere, llama-server and vLLM, or of Text Embeddings Inference (texts in place of documents). Unknown fields
/// are ignored. A null field counts as absent.
/// </summary>
internal sealed record RerankBody
{
    /// <summary>Id of a reranking model from GET /v1/models. If the model is not loaded, the server loads it. Default: the reranking model in memory, else the only one of the node.</summary>
    public string? Model { get; init; }

    /// <summary>The query.</summary>
    public required string Query { get; init; }

    /// <summary>The documents: texts, or objects with the text in the field text. At most 2,048.</summary>
    public JsonElement[]? Documents { get; init; }

    /// <summary>The documents in the form of Text Embeddings Inference. The answer and its errors have the form of this server then.</summary>
    public string[]? Texts { get; init; }

    /// <summary>Maximum number of results, the best ones first. Default: all.</summary>
    [Range(1, int.MaxValue)]
    public int? TopN { get; init; }

    /// <summary>Whether the results contain the documents. Default: true.</summary>
    public bool? ReturnDocuments { get; init; }

    /// <summary>Whether the results contain the texts, for texts. Default: false.</summary>
    public bool? ReturnText { get; init; }

    /// <summary>For texts: whether the scores are the differences of the logits of yes and no, without a range. Default: false.</summary>
    public bool? RawScores { get; init; }

    /// <summary>Whether a document that is too long is cut. If false, it is an error. Default: true.</summary>
    public bool? Truncate { get; init; }

    /// <summary>What the documents are judged for. Default: RERANK_INSTRUCTION of the Modelfile, or web search.</summary>
    public string? Instruction { get; init; }

    /// <summary>
    /// Maximum number of tokens of each document. A longer document is cut. Independently of it, a query with its document can have RERANK_TOKENS of the Modelfile, or 512 if that is
    /// not set.
    /// </summary>
    [Range(1, 1_048_576)]
    public int? MaxTokensPerDoc { get; init; }
}
