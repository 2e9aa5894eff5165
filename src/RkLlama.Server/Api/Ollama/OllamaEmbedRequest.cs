using System.Text.Json;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Ollama;

/// <summary>The body of <c>POST /api/embed</c>.</summary>
internal sealed record OllamaEmbedRequest(string Model, IReadOnlyList<string> Input, bool Truncates, int? Dimensions, TimeSpan? KeepAlive)
{
    /// <exception cref="ApiException">Status 400, with what to change.</exception>
    internal static OllamaEmbedRequest From(JsonElement body)
    {
        OllamaFields.RequireObject(body);
        return new(OllamaFields.ReadModel(body), body.Texts("input"), body.Flag("truncate") ?? true, body.Integer("dimensions", 1, int.MaxValue), body.ReadKeepAlive());
    }
}

/// <param name="Embeddings">One vector per input.</param>
internal sealed record OllamaEmbedReply(string Model, float[][] Embeddings, long TotalDuration, long LoadDuration, int PromptEvalCount);

/// <summary><c>POST /api/embeddings</c>, the older form: one text, one vector.</summary>
internal sealed record OllamaEmbeddingReply(float[] Embedding);
