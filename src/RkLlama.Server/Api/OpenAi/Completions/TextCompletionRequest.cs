using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Native;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.OpenAi.Completions;

/// <summary>The parsed and checked body of <c>POST /v1/completions</c>. Its prompt is used without a chat template.</summary>
/// <param name="MaxTokens">Maximum number of output tokens; null for the model's own limit.</param>
internal sealed record TextCompletionRequest(
    string Model, string Prompt, bool Echoes, bool Stream, bool IncludesUsage, int? MaxTokens, SamplingParameters Sampling,
    IReadOnlyList<string> StopSequences, IReadOnlyList<string> Unsupported)
{
    internal GenerationRequest ToGeneration(RequestTrace trace) => new(new Conversation([]), Sampling, MaxTokens)
    {
        Model = Model,
        RawPrompt = Prompt,
        PromptField = "prompt",
        Requires = RequiredCapabilities.Completion,
        Operation = "completions",
        Trace = trace,
        Output = new() { StopSequences = StopSequences, SplitsReasoning = false },
    };

    /// <exception cref="ApiException">Status 400: a field is missing, not supported, or has a wrong value.</exception>
    internal static TextCompletionRequest From(JsonElement json)
    {
        TextCompletionBody body = OpenAiRequest.Read<TextCompletionBody>(json);
        OpenAiRequest.RequireSingleTextCompletion(body.N, body.BestOf, body.Modalities);
        if (!string.IsNullOrEmpty(body.Suffix))
            throw OpenAiRequest.Unsupported("suffix is not supported: put the model's own fill-in-the-middle tokens into the prompt.", "suffix");
        return new(
            OpenAiRequest.RequireModel(body.Model),
            PromptOf(body.Prompt),
            body.Echo ?? false,
            body.Stream ?? false,
            body.StreamOptions?.IncludeUsage ?? false,
            OpenAiRequest.MaxTokens(body.MaxTokens),
            SamplingOptions.From(body),
            OpenAiRequest.Stops(body.Stop),
            SamplingOptions.UnsupportedFields(body));
    }

    private static string PromptOf(StringOrArray prompt) => prompt switch
    {
        { HasTokens: true } => throw OpenAiRequest.Unsupported("prompt must be text: token ids belong to one tokenizer, and a client's is not the model's.", "prompt"),
        { Texts: [{ Length: > 0 } text] } => text,
        { Texts.Count: > 1 } => throw OpenAiRequest.Unsupported("prompt must be one text: the NPU makes one answer at a time.", "prompt"),
        _ => throw ApiException.BadRequest("prompt is missing: send the text to continue.", "prompt"),
    };
}
