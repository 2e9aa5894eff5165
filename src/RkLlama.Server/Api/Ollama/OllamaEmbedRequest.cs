using System.Text.Json;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Ollama;

/// <summary>The body of <c>POST /api/embed</c>.</summary>
internal sealed record OllamaEmbedRequest(string Model, IReadOnlyList<string> Input, bool Truncates, int? Dimensions, TimeSpan? KeepAlive)
{
    /// <exception cref="ApiException">Status 400, with what to change.</exception>
    internal static OllamaEmbedRequest From(JsonElement json)
    {
        OllamaEmbedBody body = OllamaRequest.Read<OllamaEmbedBody>(json);
        string model = OllamaRequest.ModelOf(body);
        if (body.Input is { HasTokens: true })
            throw JsonFields.Wrong("input", TextOrTexts.Expected);
        return new(model, body.Input?.Texts ?? [], body.Truncate ?? true, body.Dimensions, body.KeepAlive);
    }
}

/// <param name="Embeddings">One vector per input.</param>
internal sealed record OllamaEmbedReply(string Model, float[][] Embeddings, long TotalDuration, long LoadDuration, int PromptEvalCount);

/// <summary><c>POST /api/embeddings</c>, the older form: one text, one vector.</summary>
internal sealed record OllamaEmbeddingReply(float[] Embedding);
