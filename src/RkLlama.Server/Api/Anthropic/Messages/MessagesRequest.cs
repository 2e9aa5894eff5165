using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Native;
using RkLlama.Output.StructuredJson;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Api.Common.Tools;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.Anthropic.Messages;

/// <summary>The parsed and checked body of <c>POST /v1/messages</c> or <c>/v1/messages/count_tokens</c>.</summary>
internal sealed record MessagesRequest
{
    /// <summary>The model; null for the loaded model, until the endpoint sets its name.</summary>
    internal required string? Model { get; init; }

    internal required Conversation Conversation { get; init; }

    internal required ToolOptions Tools { get; init; }

    /// <summary>Maximum number of tool calls in the answer; null for no limit.</summary>
    internal required int? MaxToolCalls { get; init; }

    internal required int? ThinkingBudget { get; init; }

    /// <summary>The JSON format that the output must have; null for plain text.</summary>
    internal required OutputFormat? Format { get; init; }

    internal required bool Stream { get; init; }

    internal required int? MaxTokens { get; init; }

    /// <summary>See <see cref="BackgroundTask"/>.</summary>
    internal required bool IsBackground { get; init; }

    internal required SamplingParameters Sampling { get; init; }

    internal required IReadOnlyList<string> StopSequences { get; init; }

    internal required IReadOnlyList<string> Unsupported { get; init; }

    /// <summary>The names of the fields with which the request turns thinking on or off.</summary>
    internal IReadOnlyList<string> ThinkingSwitches => Conversation.EnableThinking is null ? [] : ["thinking"];

    internal GenerationRequest ToGeneration(RequestTrace trace) => new(Conversation, Sampling, MaxTokens)
    {
        Model = Model,
        IsBackground = IsBackground,
        Requires = RequiredCapabilities.Completion | (Tools.IsRequired ? RequiredCapabilities.Tools : RequiredCapabilities.None),
        Operation = "messages",
        Trace = trace,
        Output = new()
        {
            StopSequences = StopSequences,
            Tools = Tools.Schemas(),
            DropsToolCalls = Tools.Tools is null,
            MaxToolCalls = MaxToolCalls,
            RequiresToolCall = Tools.IsRequired,
            ThinkingBudget = ThinkingBudget,
            Format = Format,
        },
    };

    /// <exception cref="ApiException">Status 400: a field is missing, not supported, or has a wrong value.</exception>
    internal static MessagesRequest From(JsonElement json, CpuBudget cpu)
    {
        JsonFields.RequireObject(json);
        MessagesBody body = AnthropicBodyJson.Reader.Read<MessagesBody>(json);
        ToolOptions tools = MessagesTools.Read(body);
        MessagesInput input = MessagesInput.Read(body, cpu);
        (bool? thinks, int? budget) = ThinkingOf(body);
        OutputFormat? format = FormatOf(body.OutputConfig?.Format, "output_config.format", cpu), older = FormatOf(body.OutputFormat, "output_format", cpu);
        return new()
        {
            Model = body.Model,
            Conversation = new(input.Messages) { Tools = tools.Tools, EnableThinking = thinks, ContinuesLastMessage = true },
            Tools = tools,
            MaxToolCalls = body.ToolChoice?.DisableParallelToolUse == true ? 1 : null,
            ThinkingBudget = budget,
            Format = format ?? older,
            Stream = body.Stream ?? false,
            MaxTokens = body.MaxTokens,
            IsBackground = BackgroundTask.IsIn(json, input.Messages),
            Sampling = SamplingOptions.From(body),
            StopSequences = StopsOf(body.StopSequences),
            Unsupported = [.. SamplingOptions.UnsupportedFields(body), .. IgnoredFields.Unknown<MessagesBody>(AnthropicBodyJson.Reader, json), .. input.Ignored],
        };
    }

    /// <returns>Whether the model thinks, null for its default; and the maximum number of thinking tokens, null for no limit.</returns>
    private static (bool? Thinks, int? Budget) ThinkingOf(MessagesBody body)
    {
        int? byEffort = body.OutputConfig?.Effort switch
        {
            null or "xhigh" => null,
            "low" or "medium" or "high" or "max" => ThinkingOptions.FromLevel(body.OutputConfig.Effort)?.Budget,
            _ => throw JsonFields.Wrong("output_config.effort", "low, medium, high, xhigh or max"),
        };
        return body.Thinking switch
        {
            null or { Type: "adaptive" or "between_tools" } => (null, byEffort),
            { Type: "enabled" } thinking => (true, thinking.BudgetTokens ?? byEffort),
            { Type: "disabled" } => (false, null),
            _ => throw JsonFields.Wrong("thinking.type", "enabled, disabled, adaptive or between_tools"),
        };
    }

    private static OutputFormat? FormatOf(AnthropicOutputFormatBody? format, string name, CpuBudget cpu)
    {
        if (format is null)
            return null;
        if (format.Type != "json_schema")
            throw JsonFields.Wrong($"{name}.type", "json_schema");
        return format.Schema is { ValueKind: JsonValueKind.Object } schema
            ? new(SchemaReader.Read(schema, name, cpu), true) { Parameter = name }
            : throw JsonFields.Wrong($"{name}.schema", "a JSON schema");
    }

    private static IReadOnlyList<string> StopsOf(string?[]? stops) => stops?.Contains(null) == true
        ? throw JsonFields.Wrong("stop_sequences", "an array of strings")
        : StopOptions.From(new StringOrArray(stops!, false), "stop_sequences");
}
