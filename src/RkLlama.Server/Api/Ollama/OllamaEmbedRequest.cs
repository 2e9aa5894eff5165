using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Server.Api.Common.Embeddings;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.Ollama;

/// <summary>The parsed and checked body of <c>POST /api/embed</c> or <c>POST /api/embeddings</c>.</summary>
/// <param name="Truncates">Whether texts that exceed the context length are cut off; otherwise they are an error.</param>
/// <param name="Dimensions">Number of values of each vector; null for all.</param>
/// <param name="InputType">What the texts are for.</param>
/// <param name="KeepAlive">How long the model stays loaded afterwards; null for the server's default, negative for no limit.</param>
/// <param name="IsList">Whether the request has an array of texts. If it has one text without tokens, the answer has no vector.</param>
internal sealed record OllamaEmbedRequest(
    string Model,
    IReadOnlyList<TextOrTokens> Input,
    bool IsList,
    bool Truncates,
    int? Dimensions,
    InputTypeFields InputType,
    TimeSpan? KeepAlive,
    IReadOnlyList<string> Unsupported)
{
    /// <exception cref="ApiException">Status 400: a field is missing or has a wrong value.</exception>
    internal static OllamaEmbedRequest From(JsonElement json)
    {
        OllamaEmbedBody body = OllamaRequest.Read<OllamaEmbedBody>(json);
        string model = OllamaRequest.ModelOf(body);
        if (body.Input is { HasTokens: true })
            throw JsonFields.Wrong("input", StringOrArray.Expected);
        return new(
            model,
            EmbeddingInput.Check([.. (body.Input?.Texts ?? []).Select(static text => (TextOrTokens)text)]),
            json.TryGet("input", out JsonElement input) && input.ValueKind == JsonValueKind.Array,
            body.Truncate ?? true,
            body.Dimensions,
            InputTypeFields.Read(body.InputType, body.PromptName, body.Task),
            body.KeepAlive,
            IgnoredFields.Unknown<OllamaEmbedBody>(OllamaBodyJson.Reader, json));
    }

    /// <summary>Reads the body of <c>POST /api/embeddings</c>, which has one text.</summary>
    /// <exception cref="ApiException">Status 400: a field is missing or has a wrong value.</exception>
    internal static OllamaEmbedRequest FromOne(JsonElement json)
    {
        OllamaEmbeddingsBody body = OllamaRequest.Read<OllamaEmbeddingsBody>(json);
        return new(
            OllamaRequest.ModelOf(body),
            [body.Prompt ?? ""],
            IsList: false,
            Truncates: true,
            Dimensions: null,
            InputTypeFields.Read(body.InputType, body.PromptName, body.Task),
            body.KeepAlive,
            IgnoredFields.Unknown<OllamaEmbeddingsBody>(OllamaBodyJson.Reader, json));
    }
}

/// <summary>Response of <c>POST /api/embed</c>. Durations are in nanoseconds.</summary>
/// <param name="Embeddings">One vector per text, in the order of the texts, normalized to length 1. Empty if the input is one text without tokens.</param>
/// <param name="TotalDuration">Time from the arrival of the request to the response.</param>
/// <param name="LoadDuration">Time to load the model. Close to 0 if the model was already loaded.</param>
/// <param name="PromptEvalCount">Number of tokens of all texts together.</param>
internal sealed record OllamaEmbedReply(string Model, float[][] Embeddings, long TotalDuration, long LoadDuration, int PromptEvalCount);

/// <summary>Response of <c>POST /api/embeddings</c>, the older endpoint for one text.</summary>
/// <param name="Embedding">The vector, normalized to length 1. Empty if the text is empty.</param>
internal sealed record OllamaEmbeddingReply(float[] Embedding);
