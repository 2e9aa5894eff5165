using System.Text.Json;
using System.Text.Json.Serialization;

namespace RkLlama.Server.Api.OpenAi.Responses;

/// <summary>The answer of <c>POST /v1/responses</c>, and the state of one in the events of a stream. Clients look for every key.</summary>
/// <param name="Status">in_progress, completed or incomplete.</param>
/// <param name="CreatedAt">Seconds of Unix time.</param>
internal sealed record Response(string Id, string Object, long CreatedAt, string Status, string Model, ResponseItem[] Output)
{
    public bool Background { get; init; }

    public object? Error { get; init; }

    public ResponseIncomplete? IncompleteDetails { get; init; }

    public string? Instructions { get; init; }

    public int? MaxOutputTokens { get; init; }

    public bool ParallelToolCalls { get; init; } = true;

    public string? PreviousResponseId { get; init; }

    public required ResponseReasoning Reasoning { get; init; }

    /// <summary>Never: nothing is kept.</summary>
    public bool Store { get; init; }

    public double? Temperature { get; init; }

    public required ResponseText Text { get; init; }

    public required JsonElement ToolChoice { get; init; }

    public required JsonElement Tools { get; init; }

    public double? TopP { get; init; }

    public string Truncation { get; init; } = "disabled";

    public ResponseUsage? Usage { get; init; }

    public string? User { get; init; }

    public required JsonElement Metadata { get; init; }
}

/// <param name="Reason">max_output_tokens.</param>
internal sealed record ResponseIncomplete(string Reason);

internal sealed record ResponseReasoning(string? Effort, string? Summary);

internal sealed record ResponseText(JsonElement Format);

internal sealed record ResponseUsage(
    int InputTokens, PromptTokensDetails InputTokensDetails, int OutputTokens, CompletionTokensDetails OutputTokensDetails, int TotalTokens);

/// <summary>One item of the output.</summary>
/// <param name="Type">reasoning, message or function_call.</param>
/// <param name="Status">in_progress, completed or incomplete.</param>
internal sealed record ResponseItem(string Type, string Id, string Status)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Role { get; init; }

    /// <summary>Only of a reasoning item, where it is required; there is none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ResponseContent[]? Summary { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ResponseContent[]? Content { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? CallId { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; init; }

    /// <summary>JSON as a string.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Arguments { get; init; }
}

/// <param name="Type">output_text or reasoning_text.</param>
internal sealed record ResponseContent(string Type, string Text)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string[]? Annotations { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string[]? Logprobs { get; init; }
}

/// <summary>One event of a stream; which keys it has depends on its type.</summary>
/// <param name="SequenceNumber">From 0, without a gap.</param>
internal sealed record ResponseEvent(string Type, int SequenceNumber)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Response? Response { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ItemId { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? OutputIndex { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ContentIndex { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ResponseItem? Item { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ResponseContent? Part { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Delta { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Text { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Arguments { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string[]? Logprobs { get; init; }
}

/// <summary>The last event of a stream that failed: its fields on the level where the responses API has them, and as all other errors have them.</summary>
internal sealed record ResponseErrorEvent(string Type, int SequenceNumber, string? Code, string Message, string? Param, OpenAiErrorBody Error);
