using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Native;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common.Embeddings;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.OpenAi.Completions;

/// <summary>The parsed and checked body of <c>POST /v1/completions</c>. Its prompts are used without a chat template.</summary>
/// <param name="Model">The model; null for the loaded model, until the endpoint sets its name.</param>
/// <param name="Prompts">The prompts, at least one. Each gets one choice.</param>
/// <param name="MaxTokens">Maximum number of output tokens; null for the model's own limit.</param>
internal sealed record TextCompletionRequest(
    string? Model, IReadOnlyList<TextOrTokens> Prompts, bool Echoes, bool Stream, bool IncludesUsage, int? MaxTokens, SamplingParameters Sampling,
    IReadOnlyList<string> StopSequences, IReadOnlyList<string> Unsupported)
{
    /// <summary>The text after the gap that the output fills; null if there is no gap.</summary>
    internal string? Suffix { get; init; }

    // Each prompt is one run, and the outputs of a request that is not streamed stay in memory until its end.
    private const int MaxPrompts = 128;

    /// <summary>Converts each prompt to a request.</summary>
    internal IReadOnlyList<GenerationRequest> ToGenerations(RequestTrace trace) =>
    [
        .. Prompts.Select(prompt => new GenerationRequest(new Conversation([]), Sampling, MaxTokens)
        {
            Model = Model,
            RawPrompt = prompt.Text,
            RawTokens = prompt.Tokens,
            Suffix = Suffix,
            PromptField = "prompt",
            Requires = RequiredCapabilities.Completion,
            Operation = "completions",
            Trace = trace,
            Output = new() { StopSequences = StopSequences, SplitsReasoning = false },
        }),
    ];

    /// <exception cref="ApiException">Status 400: a field is missing, not supported, or has a wrong value.</exception>
    internal static TextCompletionRequest From(JsonElement json)
    {
        TextCompletionBody body = OpenAiRequest.Read<TextCompletionBody>(json);
        OpenAiRequest.RequireSingleCompletion(body.N, body.BestOf);
        string? suffix = string.IsNullOrEmpty(body.Suffix) ? null : body.Suffix;
        IReadOnlyList<TextOrTokens> prompts = PromptsOf(body.Prompt, hasSuffix: suffix is not null);
        bool echoes = body.Echo ?? false;
        return new(
            body.Model,
            prompts,
            echoes,
            body.Stream ?? false,
            body.StreamOptions?.IncludeUsage ?? false,
            OpenAiRequest.MaxTokens(body.MaxTokens),
            SamplingOptions.From(body),
            StopOptions.From(body.Stop),
            [
                .. SamplingOptions.UnsupportedFields(body),
                .. IgnoredFields.Unknown<TextCompletionBody>(OpenAiBodyJson.Reader, json),
                .. OpenAiRequest.IgnoredModalities(body.Modalities),

                // The text of token ids is not part of the request.
                .. echoes && prompts.Any(static prompt => prompt.Text is null) ? ["echo"] : Array.Empty<string>(),
            ])
        {
            Suffix = suffix,
        };
    }

    /// <param name="hasSuffix">Whether the prompts are texts before a gap. Then they may be empty.</param>
    private static IReadOnlyList<TextOrTokens> PromptsOf(TextsOrTokens prompt, bool hasSuffix)
    {
        if (prompt.Inputs is not { Count: > 0 } prompts || prompts.Any(one => (one.Text is "" && !hasSuffix) || one.Tokens is { Count: 0 }))
            throw ApiException.BadRequest("prompt is missing or empty: send the text to continue.", "prompt");
        if (hasSuffix && prompts.Any(static one => one.Text is null))
            throw OpenAiRequest.Unsupported("prompt must be text if there is a suffix.", "prompt");
        return prompts.Count <= MaxPrompts
            ? prompts
            : throw OpenAiRequest.Unsupported($"prompt has {prompts.Count} texts; at most {MaxPrompts} are allowed in one request.", "prompt");
    }
}
