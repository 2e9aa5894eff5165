using System.Text.Json;
using System.Text.Json.Serialization;

namespace RkLlama.Server.Api.OpenAi.Responses;

/// <summary>
/// Response of <c>POST /v1/responses</c>, or its current state in a stream event. All fields are always present, because clients expect them.
/// </summary>
/// <param name="Status">
/// queued (only in the background), in_progress, completed, incomplete (the output was cut, for example at the maximum number of tokens), cancelled, or failed.
/// </param>
/// <param name="CreatedAt">Time of the request, Unix time in seconds.</param>
internal sealed record Response(string Id, string Object, long CreatedAt, string Status, string Model, ResponseItem[] Output)
{
    public bool Background { get; init; }

    /// <summary>Why the response failed; null if it did not.</summary>
    public ResponseError? Error { get; init; }

    public ResponseIncomplete? IncompleteDetails { get; init; }

    public string? Instructions { get; init; }

    public int? MaxOutputTokens { get; init; }

    public bool ParallelToolCalls { get; init; } = true;

    public string? PreviousResponseId { get; init; }

    /// <summary>The conversation that the response belongs to. Absent if it belongs to none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ResponseConversation? Conversation { get; init; }

    public required ResponseReasoning Reasoning { get; init; }

    /// <summary>Whether the response is stored, so that it can be read and continued later.</summary>
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

/// <param name="Reason">Always max_output_tokens.</param>
internal sealed record ResponseIncomplete(string Reason);

/// <param name="Code">Error code for programs, such as server_error.</param>
/// <param name="Message">Why the response failed.</param>
internal sealed record ResponseError(string Code, string Message);

/// <param name="Id">Id of the conversation.</param>
internal sealed record ResponseConversation(string Id);

internal sealed record ResponseReasoning(string? Effort, string? Summary);

internal sealed record ResponseText(JsonElement Format);

internal sealed record ResponseUsage(
    int InputTokens, InputTokensDetails InputTokensDetails, int OutputTokens, CompletionTokensDetails OutputTokensDetails, int TotalTokens);

/// <param name="CachedTokens">Number of prompt tokens that the runtime has reused from its KV cache; 0 if unknown.</param>
/// <param name="CacheWriteTokens">Always 0: no token is written into a cache that outlives the model.</param>
internal sealed record InputTokensDetails(int CachedTokens, int CacheWriteTokens = 0);

/// <summary>Response of <c>POST /v1/responses/input_tokens</c>.</summary>
/// <param name="Object">Always response.input_tokens.</param>
/// <param name="InputTokens">Number of tokens of the prompt. Exact if the server has the model's tokenizer, otherwise an estimate.</param>
internal sealed record ResponseInputTokens(string Object, int InputTokens);

/// <summary>One item of the output.</summary>
/// <param name="Type">reasoning, message, function_call or custom_tool_call.</param>
/// <param name="Status">in_progress, completed, or incomplete (the output was cut, for example at the maximum number of tokens).</param>
internal sealed record ResponseItem(string Type, string Id, string Status)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Role { get; init; }

    /// <summary>Only in reasoning items, where clients require it: always an empty array.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ResponseContent[]? Summary { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ResponseContent[]? Content { get; init; }

    /// <summary>Only in items of calls: id of the call. The item with the result must have the same id.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? CallId { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; init; }

    /// <summary>Only in function_call items of a tool that belongs to a namespace: the namespace.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Namespace { get; init; }

    /// <summary>Only in function_call items: the arguments, a JSON object as a string.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Arguments { get; init; }

    /// <summary>Only in custom_tool_call items: the input of the custom tool, any text.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Input { get; init; }
}

/// <param name="Type">output_text or reasoning_text.</param>
internal sealed record ResponseContent(string Type, string Text)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string[]? Annotations { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string[]? Logprobs { get; init; }
}

/// <summary>One event of a streamed response. The type of the event determines which fields it has.</summary>
/// <param name="SequenceNumber">Position of the event in the stream, from 0.</param>
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
    public string? Input { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string[]? Logprobs { get; init; }
}

/// <summary>
/// The last event of a stream that failed. The fields of the error are at the top level, as in OpenAI's responses API, and again in error, as in other errors
/// of this API.
/// </summary>
internal sealed record ResponseErrorEvent(string Type, int SequenceNumber, string? Code, string Message, string? Param, OpenAiErrorBody Error);
