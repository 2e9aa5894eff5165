using System.Text.Json;

namespace RkLlama.Prompts;

/// <summary>The conversation that a model continues.</summary>
/// <param name="Messages">The messages in order; at least one.</param>
public sealed record Conversation(IReadOnlyList<ChatMessage> Messages)
{
    /// <summary>The tools that the model may call, in the format of the OpenAI API; null or empty for none.</summary>
    public IReadOnlyList<JsonElement>? Tools { get; init; }

    /// <summary>Whether the model writes reasoning before its answer; null to use <see cref="PromptSettings.EnableThinking"/>.</summary>
    public bool? EnableThinking { get; init; }

    /// <summary>
    /// Whether the answer continues the last message, if this is an assistant message with text and without tool calls. The prompt then ends with this text.
    /// </summary>
    public bool ContinuesLastMessage { get; init; }

    /// <summary>
    /// Whether the prompt ends with the text that introduces the assistant's answer. Without effect if the answer continues the last message.
    /// </summary>
    public bool AddsGenerationPrompt { get; init; } = true;

    /// <summary>
    /// More variables for the chat template, by name; null for none. The variables that the server sets itself, such as <c>messages</c>, have priority.
    /// Exception: <c>enable_thinking</c>, where <see cref="EnableThinking"/> has priority only if it is set.
    /// </summary>
    public IReadOnlyDictionary<string, JsonElement>? TemplateVariables { get; init; }
}

/// <summary>One message of a conversation.</summary>
/// <param name="Role"><c>system</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>.</param>
/// <param name="Content">The text of the message. Null is allowed only if <see cref="ToolCalls"/> is set.</param>
public sealed record ChatMessage(string Role, string? Content)
{
    /// <summary>The tool calls of an assistant message; null or empty for none.</summary>
    public IReadOnlyList<ToolCall>? ToolCalls { get; init; }

    /// <summary>In a message with the role <c>tool</c>: the id of the tool call that the message answers. Otherwise null.</summary>
    public string? ToolCallId { get; init; }

    /// <summary>In a message with the role <c>tool</c>, the name of the tool. In other messages, the name of the participant. Null for none.</summary>
    public string? Name { get; init; }

    /// <summary>The reasoning text of an assistant message; null if the client does not send it in a field of its own.</summary>
    public string? Reasoning { get; init; }

    internal bool HasToolCalls => ToolCalls is { Count: > 0 };
}

/// <summary>A tool call that the model made in an assistant message.</summary>
/// <param name="Id">The id of the call; null if the client sends none.</param>
/// <param name="Name">The name of the function.</param>
/// <param name="Arguments">
/// The arguments: a JSON object, or a string that contains one. JSON null or <see cref="JsonValueKind.Undefined"/> if the client sends none.
/// </param>
public sealed record ToolCall(string? Id, string Name, JsonElement Arguments);
