using System.Text.Json.Serialization;

namespace RkLlama.Server.Api.OpenAi.Rerank;

/// <summary>The answer of <c>/v1/rerank</c>. It has the fields of Jina, llama-server and vLLM, and those of Cohere (id, meta).</summary>
internal sealed record RerankReply(string Id, string Object, string Model, RerankResult[] Results, RerankUsage Usage, RerankMeta Meta);

/// <summary>The score of a document.</summary>
/// <param name="Index">The place of the document in the request, from 0.</param>
/// <param name="RelevanceScore">0 (not relevant) to 1.</param>
/// <param name="Document">Absent if the request does not want documents.</param>
internal sealed record RerankResult(
    int Index, double RelevanceScore, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] RerankDocument? Document);

internal sealed record RerankDocument(string Text);

/// <param name="TruncatedDocuments">Number of documents whose end was cut off, because they are too long. Absent if there is none.</param>
internal sealed record RerankUsage(
    int PromptTokens, int TotalTokens, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] int TruncatedDocuments);

internal sealed record RerankMeta(RerankVersion ApiVersion, RerankBilledUnits BilledUnits);

internal sealed record RerankVersion(string Version);

internal sealed record RerankBilledUnits(int SearchUnits);

/// <summary>A result in the form of Text Embeddings Inference.</summary>
/// <param name="Score">0 (not relevant) to 1, or without a range if the request wants raw scores.</param>
/// <param name="Text">Absent if the request does not want texts.</param>
internal sealed record RerankRank(int Index, double Score, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Text);
