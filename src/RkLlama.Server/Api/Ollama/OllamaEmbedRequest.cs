using System.Text.Json;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.Ollama;

/// <summary>The parsed and checked body of <c>POST /api/embed</c>.</summary>
internal sealed record OllamaEmbedRequest(string Model, IReadOnlyList<string> Input, bool Truncates, int? Dimensions, TimeSpan? KeepAlive)
{
    /// <exception cref="ApiException">Status 400: a field is missing or has a wrong value.</exception>
    internal static OllamaEmbedRequest From(JsonElement json)
    {
        OllamaEmbedBody body = OllamaRequest.Read<OllamaEmbedBody>(json);
        string model = OllamaRequest.ModelOf(body);
        if (body.Input is { HasTokens: true })
            throw JsonFields.Wrong("input", StringOrArray.Expected);
        return new(model, body.Input?.Texts ?? [], body.Truncate ?? true, body.Dimensions, body.KeepAlive);
    }
}

/// <summary>Response of <c>POST /api/embed</c>. Durations are in nanoseconds.</summary>
/// <param name="Embeddings">One vector per input, of length 1.</param>
/// <param name="TotalDuration">Time from the arrival of the request.</param>
/// <param name="LoadDuration">Time to load the model; close to 0 if it was loaded.</param>
/// <param name="PromptEvalCount">Tokens of all inputs.</param>
internal sealed record OllamaEmbedReply(string Model, float[][] Embeddings, long TotalDuration, long LoadDuration, int PromptEvalCount);

/// <summary>Response of <c>POST /api/embeddings</c>, the older endpoint: one text, one vector.</summary>
internal sealed record OllamaEmbeddingReply(float[] Embedding);
