using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Native;
using RkLlama.Output.StructuredJson;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>The body of <c>POST /v1/responses</c>. The server keeps nothing: each request brings the whole conversation.</summary>
internal sealed record ResponsesRequest
{
    // They ask for something that the server would have to remember or to do later.
    private static readonly string[] Stateful = ["previous_response_id", "conversation", "prompt"];

    internal required string Model { get; init; }

    internal required Conversation Conversation { get; init; }

    internal required ToolFields Tools { get; init; }

    internal required ThinkingFields Thinking { get; init; }

    /// <summary>Null for text.</summary>
    internal required OutputFormat? Format { get; init; }

    internal required bool Stream { get; init; }

    internal required int? MaxTokens { get; init; }

    internal required SamplingParameters Sampling { get; init; }

    internal required IReadOnlyList<string> Unsupported { get; init; }

    /// <summary>What the response repeats of the request.</summary>
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
            DropsCalls = Tools.Tools is null,
            RequiresToolCall = Tools.IsRequired,
            ThinkingBudget = Thinking.Budget,
            Format = Format,
        },
    };

    /// <exception cref="ApiException">Status 400, with what to change.</exception>
    internal static ResponsesRequest From(JsonElement body)
    {
        RequestFields.RequireObject(body);
        foreach (string name in Stateful)
        {
            if (body.TryGet(name, out _))
                throw RequestFields.Unsupported($"{name} is not supported: the server keeps no conversations, send all of it as input.", name);
        }

        if (body.Flag("background") == true)
            throw RequestFields.Unsupported("background is not supported: the answer comes with its request.", "background");
        ToolFields tools = ToolFields.From(body);
        ThinkingFields thinking = ThinkingFields.FromOpenAi(body);
        return new()
        {
            Model = RequestFields.ReadModel(body),
            Conversation = new(ResponseInput.Read(body)) { Tools = tools.Tools, EnableThinking = thinking.IsOn },
            Tools = tools,
            Thinking = thinking,
            Format = body.ReadTextFormat(),
            Stream = body.Flag("stream") ?? false,
            MaxTokens = RequestFields.ReadMaxTokens(body, "max_output_tokens"),
            Sampling = body.ReadSampling(),
            Unsupported = [.. body.UnsupportedFields()],
            Echo = ResponseEcho.Of(body),
        };
    }
}

/// <summary>The fields of a request that its response has again, as they were sent.</summary>
internal sealed record ResponseEcho(
    string? Instructions, int? MaxOutputTokens, double? Temperature, double? TopP, JsonElement? Tools, JsonElement? ToolChoice, JsonElement? Format, string? Effort, JsonElement? Metadata)
{
    internal static ResponseEcho Of(JsonElement body) => new(
        body.Text("instructions"),
        body.Integer("max_output_tokens", int.MinValue, int.MaxValue),
        body.Number("temperature", double.MinValue, double.MaxValue),
        body.Number("top_p", double.MinValue, double.MaxValue),
        body.TryGet("tools", out JsonElement tools) ? tools : null,
        body.TryGet("tool_choice", out JsonElement choice) ? choice : null,
        body.Object("text")?.Object("format"),
        body.Object("reasoning")?.Text("effort"),
        body.Object("metadata"));
}
