using System.Text.Json;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.Ollama;

/// <summary>The parsed and checked body of <c>POST /api/embed</c>.</summary>
/// <param name="Truncates">Whether texts that exceed the context length are cut off; otherwise they are an error.</param>
/// <param name="Dimensions">Number of values of each vector; null for all.</param>
/// <param name="KeepAlive">How long the model stays loaded afterwards; null for the server's default, negative for no limit.</param>
internal sealed record OllamaEmbedRequest(string Model, IReadOnlyList<string> Input, bool Truncates, int? Dimensions, TimeSpan? KeepAlive)
{
    /// <exception cref="ApiException">Status 400: a field is missing or has a wrong value.</exception>
    internal static OllamaEmbedRequest From(JsonElement json)
    {
        OllamaEmbedBody body = OllamaRequest.Read<OllamaEmbedBody>(json);
        string model = OllamaRequest.ModelOf(body);
        if (body.Input is { HasTokens: true })
            throw JsonFields.Wrong("input", StringOrArray.Expected);
        return new(model, EmbeddingInput.Check(body.Input?.Texts ?? []), body.Truncate ?? true, body.Dimensions, body.KeepAlive);
    }
}

/// <summary>Response of <c>POST /api/embed</c>. Durations are in nanoseconds.</summary>
/// <param name="Embeddings">One vector per text, in the order of the texts, normalized to length 1.</param>
/// <param name="TotalDuration">Time from the arrival of the request to the response.</param>
/// <param name="LoadDuration">Time to load the model. Close to 0 if the model was already loaded.</param>
/// <param name="PromptEvalCount">Number of tokens of all texts together.</param>
internal sealed record OllamaEmbedReply(string Model, float[][] Embeddings, long TotalDuration, long LoadDuration, int PromptEvalCount);

/// <summary>Response of <c>POST /api/embeddings</c>, the older endpoint for one text.</summary>
/// <param name="Embedding">The vector, normalized to length 1. Empty if the text is empty.</param>
internal sealed record OllamaEmbeddingReply(float[] Embedding);
