using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Native;
using RkLlama.Output.StructuredJson;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.OpenAi.Responses;

/// <summary>The parsed and checked body of <c>POST /v1/responses</c>. The server stores nothing, so each request contains the whole conversation.</summary>
internal sealed record ResponsesRequest
{
    // These fields need a stored conversation or prompt. The server refuses them, whatever their type is. They are not in the OpenAPI document, so the record
    // of the body does not have them.
    private static readonly string[] Stateful = ["previous_response_id", "conversation", "prompt"];

    internal required string Model { get; init; }

    internal required Conversation Conversation { get; init; }

    internal required ToolOptions Tools { get; init; }

    internal required ThinkingOptions Thinking { get; init; }

    /// <summary>The JSON format that the output must have; null for plain text.</summary>
    internal required OutputFormat? Format { get; init; }

    internal required bool Stream { get; init; }

    internal required int? MaxTokens { get; init; }

    internal required SamplingParameters Sampling { get; init; }

    internal required IReadOnlyList<string> Unsupported { get; init; }

    /// <summary>The fields of the request that the response contains unchanged.</summary>
    internal required ResponseEcho Echo { get; init; }

    internal GenerationRequest ToGeneration(RequestTrace trace) => new(Conversation, Sampling, MaxTokens)
    {
        Model = Model,
        PromptField = "input",
        Requires = RequiredCapabilities.Completion | (Tools.IsRequired ? RequiredCapabilities.Tools : RequiredCapabilities.None),
        Operation = "responses",
        Trace = trace,
        Output = new()
        {
            Tools = Tools.Schemas(),
            DropsToolCalls = Tools.Tools is null,
            RequiresToolCall = Tools.IsRequired,
            ThinkingBudget = Thinking.Budget,
            Format = Format,
        },
    };

    /// <exception cref="ApiException">Status 400: a field is missing, not supported, or has a wrong value.</exception>
    internal static ResponsesRequest From(JsonElement json)
    {
        OpenAiRequest.RequireObject(json);
        foreach (string name in Stateful)
        {
            if (json.TryGet(name, out _))
                throw OpenAiRequest.Unsupported($"{name} is not supported: the server keeps no conversations, send all of it as input.", name);
        }

        ResponsesBody body = OpenAiRequest.Read<ResponsesBody>(json);
        if (body.Background == true)
            throw OpenAiRequest.Unsupported("background is not supported: the answer comes with its request.", "background");
        ToolOptions tools = ToolOptions.From(body.Tools, body.ToolChoice);
        ThinkingOptions thinking = ThinkingOptions.From(body);
        return new()
        {
            Model = OpenAiRequest.RequireModel(body.Model),
            Conversation = new(ResponseInput.Read(body)) { Tools = tools.Tools, EnableThinking = thinking.IsOn },
            Tools = tools,
            Thinking = thinking,
            Format = OutputFormats.From(body.Text),
            Stream = body.Stream ?? false,
            MaxTokens = OpenAiRequest.MaxTokens(body.MaxOutputTokens),
            Sampling = SamplingOptions.From(body),
            Unsupported = SamplingOptions.UnsupportedFields(body),
            Echo = ResponseEcho.Of(body),
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
        body.Metadata is null or { ValueKind: JsonValueKind.Object } ? body.Metadata : throw JsonFields.Wrong("metadata", "an object"));
}
