using System.Text.Json;

namespace RkLlama.Prompts;

/// <summary>What a model is asked to continue.</summary>
/// <param name="Messages">In order; at least one.</param>
public sealed record Conversation(IReadOnlyList<ChatMessage> Messages)
{
    /// <summary>The tools the model may call, as the OpenAI API writes them.</summary>
    public IReadOnlyList<JsonElement>? Tools { get; init; }

    /// <summary>Whether the model shall think first; null leaves it to the model's own default.</summary>
    public bool? EnableThinking { get; init; }
}

/// <summary>One turn of a conversation.</summary>
/// <param name="Role"><c>system</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>.</param>
/// <param name="Content">Null only beside <see cref="ToolCalls"/>.</param>
public sealed record ChatMessage(string Role, string? Content)
{
    /// <summary>What an assistant's turn asked to be called.</summary>
    public IReadOnlyList<ToolCall>? ToolCalls { get; init; }

    /// <summary>Which call a tool's turn answers.</summary>
    public string? ToolCallId { get; init; }

    /// <summary>The name of the tool, or of who speaks.</summary>
    public string? Name { get; init; }

    /// <summary>What the model thought before an assistant's turn, where the client kept it apart.</summary>
    public string? Reasoning { get; init; }
}

/// <param name="Id">The client's id of the call.</param>
/// <param name="Name">The name of the function.</param>
/// <param name="Arguments">An object, or a string that holds one.</param>
public sealed record ToolCall(string? Id, string Name, JsonElement Arguments);
