using System.Text.Json.Serialization;

namespace RkLlama.Server.Api.OpenAi.Chat;

/// <summary>The answer of <c>POST /v1/chat/completions</c> in one piece.</summary>
internal sealed record ChatCompletion(
    string Id, string Object, long Created, string Model, string SystemFingerprint, ChatCompletionChoice[] Choices, CompletionUsage Usage)
{
    internal const string Kind = "chat.completion";

    public required Timings Timings { get; init; }
}

internal sealed record ChatCompletionChoice(int Index, ChatCompletionMessage Message, object? Logprobs, string FinishReason);

/// <param name="Content">Null beside tool calls and nothing else.</param>
internal sealed record ChatCompletionMessage(string Role, string? Content, string? Refusal)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ReasoningContent { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ChatToolCall[]? ToolCalls { get; init; }
}

/// <param name="Index">Only in streams, where a call without it is dropped by clients.</param>
internal sealed record ChatToolCall(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Index, string Id, string Type, ChatFunctionCall Function);

/// <param name="Arguments">JSON as a string.</param>
internal sealed record ChatFunctionCall(string Name, string Arguments);

/// <summary>One event of a stream. All of one answer have the same id, time and model.</summary>
/// <param name="Usage">Null in all but the last one, which has no choice, and only where it was asked for.</param>
internal sealed record ChatCompletionChunk(
    string Id, string Object, long Created, string Model, string SystemFingerprint, ChatChunkChoice[] Choices, CompletionUsage? Usage)
{
    internal const string Kind = "chat.completion.chunk";

    /// <summary>Only in the one that has the finish reason.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Timings? Timings { get; init; }
}

internal sealed record ChatChunkChoice(int Index, ChatDelta Delta, object? Logprobs, string? FinishReason);

/// <summary>What is new; a key that is there counts as said, so only what is new is written.</summary>
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
}
