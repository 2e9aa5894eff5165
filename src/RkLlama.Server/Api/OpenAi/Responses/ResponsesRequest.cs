using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Native;
using RkLlama.Output.StructuredJson;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Api.Common.Tools;
using RkLlama.Server.Api.OpenAi.Stored;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.OpenAi.Responses;

/// <summary>The parsed and checked body of <c>POST /v1/responses</c>. </summary>
internal sealed record ResponsesRequest
{
    /// <summary>The model; null for the loaded model, until the endpoint sets its name.</summary>
    internal required string? Model { get; init; }

    internal required Conversation Conversation { get; init; }

    internal required ToolOptions Tools { get; init; }

    /// <summary>Maximum number of tool calls in the answer; null for no limit.</summary>
    internal required int? MaxToolCalls { get; init; }

    internal required ThinkingOptions Thinking { get; init; }

    /// <summary>The JSON format that the output must have; null for plain text.</summary>
    internal required OutputFormat? Format { get; init; }

    internal required bool Stream { get; init; }

    internal required int? MaxTokens { get; init; }

    internal required SamplingParameters Sampling { get; init; }

    internal required IReadOnlyList<string> Unsupported { get; init; }

    /// <summary>The names of the fields with which the request turns thinking on or off.</summary>
    internal required IReadOnlyList<string> ThinkingSwitches { get; init; }

    /// <summary>The fields of the request that the response contains unchanged.</summary>
    internal required ResponseEcho Echo { get; init; }

    /// <summary>What is stored of the request, and what it continues.</summary>
    internal required ResponseStorage Storage { get; init; }

    /// <summary>Whether the request is a task for which no person waits.</summary>
    internal required bool IsTask { get; init; }

    internal GenerationRequest ToGeneration(RequestTrace trace) => new(Conversation, Sampling, MaxTokens)
    {
        Model = Model,
        IsBackground = Storage.IsBackground || IsTask,
        PromptField = "input",
        Requires = RequiredCapabilities.Completion | (Tools.IsRequired ? RequiredCapabilities.Tools : RequiredCapabilities.None),
        Operation = "responses",
        Trace = trace,
        Output = new()
        {
            Tools = Tools.Schemas(),
            DropsToolCalls = Tools.Tools is null,
            MaxToolCalls = MaxToolCalls,
            RequiresToolCall = Tools.IsRequired,
            ThinkingBudget = Thinking.Budget,
            Format = Format,
        },
    };

    /// <param name="answers">The stored answers that the request can continue; <see langword="null"/> for none.</param>
    /// <exception cref="ApiException">Status 400: a field is missing, not supported, or has a wrong value.</exception>
    internal static ResponsesRequest From(JsonElement json, CpuBudget cpu, OwnedAnswers? answers = null)
    {
        JsonFields.RequireObject(json);

        // A prompt template of OpenAI's platform. It is not in the OpenAPI document, so the record of the body does not have it.
        if (json.TryGet("prompt", out JsonElement prompt) && !(prompt.ValueKind == JsonValueKind.String && prompt.ValueEquals("")))
            throw OpenAiRequest.Unsupported("prompt is not supported: the server stores no prompt templates, send the text as input.", "prompt");
        ResponseContext context = ResponseContext.Read(json, answers);
        ResponsesBody body = OpenAiRequest.Read<ResponsesBody>(context.Body);
        ResponseStorage storage = ResponseStorage.Of(body, context, answers);
        ToolOptions tools = ToolOptions.From(body.Tools, body.ToolChoice, more: ResponseInput.AdditionalTools(body.Input));
        ThinkingOptions thinking = ThinkingOptions.From(body);
        ResponseInput input = ResponseInput.Read(body, tools, cpu);
        return new()
        {
            Model = body.Model,
            Conversation = new(input.Messages)
            {
                Tools = tools.Tools,
                EnableThinking = thinking.IsOn,
                ContinuesLastMessage = true,
                TemplateVariables = body.ChatTemplateKwargs?.ToVariables(),
            },
            Tools = tools,
            MaxToolCalls = body.ParallelToolCalls == false ? 1 : null,
            Thinking = thinking,
            Format = OutputFormats.From(body.Text, cpu),
            Stream = body.Stream ?? false,
            MaxTokens = OpenAiRequest.MaxTokens(body.MaxOutputTokens),
            Sampling = SamplingOptions.From(body),
            Unsupported =
            [
                .. SamplingOptions.UnsupportedFields(body),
                .. IgnoredFields.Unknown<ResponsesBody>(OpenAiBodyJson.Reader, json),
                .. input.Ignored,
                .. body.Store == true && !storage.IsStored ? ["store"] : Array.Empty<string>(),
            ],
            ThinkingSwitches = ThinkingOptions.SwitchesOf(body),
            Echo = ResponseEcho.Of(body),
            Storage = storage,
            IsTask = BackgroundTask.IsIn(json, input.Messages),
        };
    }
}

/// <summary>The fields of a request that its response contains unchanged; null for absent fields.</summary>
internal sealed record ResponseEcho(
    string? Instructions, int? MaxOutputTokens, double? Temperature, double? TopP, JsonElement? Tools, JsonElement? ToolChoice, JsonElement? Format, string? Effort, JsonElement? Metadata)
{
    internal static ResponseEcho Of(ResponsesBody body) => new(
        body.Instructions,
        body.MaxOutputTokens,
        body.Temperature,
        body.TopP,
        body.Tools,
        body.ToolChoice,
        body.Text?.Format,
        body.Reasoning?.Effort,
        OpenAiRequest.CheckMetadata(body.Metadata));
}
