using System.Text.Json;

namespace RkLlama.Prompts;

/// <summary>The conversation that a model continues.</summary>
/// <param name="Messages">The messages in order; at least one.</param>
public sealed record Conversation(IReadOnlyList<ChatMessage> Messages)
{
    /// <summary>The tools that the model may call, in the format of the OpenAI API; null or empty for none.</summary>
    public IReadOnlyList<JsonElement>? Tools { get; init; }

    /// <summary>Whether the model thinks before it answers; null for the model's default.</summary>
    public bool? EnableThinking { get; init; }
}

/// <summary>One message of a conversation.</summary>
/// <param name="Role"><c>system</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>.</param>
/// <param name="Content">The text. Null is allowed only if <see cref="ToolCalls"/> is set.</param>
public sealed record ChatMessage(string Role, string? Content)
{
    /// <summary>The tool calls of an assistant message.</summary>
    public IReadOnlyList<ToolCall>? ToolCalls { get; init; }

    /// <summary>The id of the call that a tool message answers.</summary>
    public string? ToolCallId { get; init; }

    /// <summary>The name of the tool or of the participant.</summary>
    public string? Name { get; init; }

    /// <summary>The reasoning text of an assistant message, if the client sends it in a separate field.</summary>
    public string? Reasoning { get; init; }
}

/// <summary>A tool call that the model requested in an assistant message.</summary>
/// <param name="Id">The client's id of the call.</param>
/// <param name="Name">The name of the function.</param>
/// <param name="Arguments">A JSON object, or a string that contains one.</param>
public sealed record ToolCall(string? Id, string Name, JsonElement Arguments);
