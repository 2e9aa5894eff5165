using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Native;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>The body of <c>POST /v1/completions</c>: a prompt as it is, without a chat template.</summary>
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

    /// <exception cref="ApiException">Status 400, with what to change.</exception>
    internal static TextCompletionRequest From(JsonElement body)
    {
        RequestFields.RequireObject(body);
        RequestFields.RequireOne(body);
        if (body.Text("suffix") is { Length: > 0 })
            throw RequestFields.Unsupported("suffix is not supported: put the model's own fill-in-the-middle tokens into the prompt.", "suffix");
        return new(
            RequestFields.ReadModel(body),
            ReadPrompt(body),
            body.Flag("echo") ?? false,
            body.Flag("stream") ?? false,
            body.Object("stream_options")?.Flag("include_usage") ?? false,
            RequestFields.ReadMaxTokens(body, "max_tokens"),
            body.ReadSampling(),
            RequestFields.ReadStops(body),
            [.. body.UnsupportedFields()]);
    }

    private static string ReadPrompt(JsonElement body)
    {
        if (body.TryGet("prompt", out JsonElement prompt) && prompt.ValueKind == JsonValueKind.Array && prompt.EnumerateArray().Any(static item => item.ValueKind is JsonValueKind.Number or JsonValueKind.Array))
            throw RequestFields.Unsupported("prompt must be text: token ids belong to one tokenizer, and a client's is not the model's.", "prompt");
        IReadOnlyList<string> prompts = body.Texts("prompt");
        return prompts.Count switch
        {
            1 when prompts[0].Length > 0 => prompts[0],
            > 1 => throw RequestFields.Unsupported("prompt must be one text: the NPU makes one answer at a time.", "prompt"),
            _ => throw ApiException.BadRequest("prompt is missing: send the text to continue.", "prompt"),
        };
    }
}
