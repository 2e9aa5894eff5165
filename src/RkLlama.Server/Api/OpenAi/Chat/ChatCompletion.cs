using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Server.Api.Common.Writers;

namespace RkLlama.Server.Api.OpenAi.Chat;

/// <summary>Response of <c>POST /v1/chat/completions</c> if it is not streamed.</summary>
/// <param name="Created">Time of the request, Unix time in seconds.</param>
internal sealed record ChatCompletion(
    string Id, string Object, long Created, string Model, string SystemFingerprint, ChatCompletionChoice[] Choices, CompletionUsage Usage)
{
    internal const string Kind = "chat.completion";

    public required Timings Timings { get; init; }

    /// <summary>Only in stored completions: the metadata.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Metadata { get; init; }
}

/// <param name="Logprobs">Always null.</param>
/// <param name="FinishReason">stop, length, tool_calls, or function_call if the request has functions in place of tools.</param>
internal sealed record ChatCompletionChoice(int Index, ChatCompletionMessage Message, object? Logprobs, string FinishReason);

/// <param name="Content">Null if the message has tool calls and no text.</param>
internal sealed record ChatCompletionMessage(string Role, string? Content, string? Refusal)
{
    /// <summary>The model's reasoning, without the think tags. Absent if there is none, or if reasoning_format is none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ReasoningContent { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ChatToolCall[]? ToolCalls { get; init; }

    /// <summary>The call, in place of tool_calls, if the request has functions in place of tools.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ChatFunctionCall? FunctionCall { get; init; }
}

/// <param name="Index">Position of the call in the message, from 0. Present only in streams, where clients drop a call without it.</param>
internal sealed record ChatToolCall(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Index, string Id, string Type)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ChatFunctionCall? Function { get; init; }

    /// <summary>Only if the type is custom.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ChatCustomCall? Custom { get; init; }
}

/// <param name="Input">The input of the custom tool, any text.</param>
internal sealed record ChatCustomCall(string Name, string Input);

/// <param name="Arguments">The arguments: a JSON object as a string.</param>
internal sealed record ChatFunctionCall(string Name, string Arguments);

/// <summary>One event of a streamed chat completion. All events of a stream have the same id, created and model.</summary>
/// <param name="Created">Time of the request, Unix time in seconds.</param>
/// <param name="Usage">Null, except in the last event if stream_options.include_usage is true. That event has no choices.</param>
internal sealed record ChatCompletionChunk(
    string Id, string Object, long Created, string Model, string SystemFingerprint, ChatChunkChoice[] Choices, CompletionUsage? Usage)
{
    internal const string Kind = "chat.completion.chunk";

    /// <summary>Present only in the event that has the finish reason.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Timings? Timings { get; init; }
}

/// <param name="Logprobs">Always null.</param>
/// <param name="FinishReason">stop, length, tool_calls, or function_call if the request has functions in place of tools. Null until the output is complete.</param>
internal sealed record ChatChunkChoice(int Index, ChatDelta Delta, object? Logprobs, string? FinishReason);

/// <summary>The new part of the message. A field without new content is absent.</summary>
internal sealed record ChatDelta
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Role { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Content { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ReasoningContent { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ChatToolCall[]? ToolCalls { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ChatFunctionCall? FunctionCall { get; init; }
}
