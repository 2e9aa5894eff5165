using System.Text;
using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Native;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.LlamaServer.Infill;

/// <summary>The parsed and checked body of <c>POST /infill</c>.</summary>
/// <param name="Model">The model; null for the loaded model, until the endpoint sets its name.</param>
/// <param name="Before">The text before the gap, with the pieces of other files.</param>
/// <param name="OnlyFillsCache">Whether the output is empty, because the request only prepares the KV cache.</param>
internal sealed record InfillRequest(
    string? Model, string Before, string After, bool Stream, int? MaxTokens, bool OnlyFillsCache, SamplingParameters Sampling, IReadOnlyList<string> StopSequences, IReadOnlyList<string> Unsupported)
{
    internal GenerationRequest ToGeneration(RequestTrace trace) => new(new Conversation([]), Sampling, MaxTokens)
    {
        Model = Model,
        RawPrompt = Before,
        Suffix = After,
        PromptField = "input_prefix",
        Requires = RequiredCapabilities.Completion,
        Operation = "infill",
        Trace = trace,
        Output = new() { StopSequences = StopSequences, SplitsReasoning = false },
    };

    /// <exception cref="ApiException">Status 400: a field is missing or has a wrong value.</exception>
    internal static InfillRequest From(JsonElement json)
    {
        JsonFields.RequireObject(json);
        InfillBody body = LlamaServerBodyJson.Reader.Read<InfillBody>(json);
        if (body.InputPrefix is null)
            throw ApiException.BadRequest("input_prefix is missing: send the text before the gap.", "input_prefix");
        if (body.InputSuffix is null)
            throw ApiException.BadRequest("input_suffix is missing: send the text after the gap.", "input_suffix");
        return new(
            body.Model,
            BeforeOf(body),
            body.InputSuffix,
            body.Stream ?? false,
            body.NPredict switch { null or < 0 => null, 0 => 1, var limit => limit },
            body.NPredict == 0,
            SamplingOptions.From(body),
            StopOptions.From(body.Stop),
            [.. SamplingOptions.UnsupportedFields(body), .. IgnoredFields.Unknown<InfillBody>(LlamaServerBodyJson.Reader, json)]);
    }

    /// <summary>llama-server writes the pieces of other files in this form for models without control tokens for repositories.</summary>
    private static string BeforeOf(InfillBody body)
    {
        StringBuilder before = new();
        foreach ((int index, InfillExtraBody? extra) in (body.InputExtra ?? []).Index())
        {
            string text = extra?.Text ?? throw ApiException.BadRequest($"input_extra[{index}].text is missing.", "input_extra");
            before.Append("\n\n--- snippet ---\n\n");
            if (extra.Filename is { Length: > 0 } name)
                before.Append(name).Append('\n');
            before.Append(text);
        }

        if (before.Length > 0)
            before.Append("\n\n");
        return before.Append(body.InputPrefix).Append(body.Prompt).ToString();
    }
}
