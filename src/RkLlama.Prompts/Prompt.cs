namespace RkLlama.Prompts;

/// <summary>A prompt for the RKLLM runtime: token ids, or text that the runtime tokenizes.</summary>
/// <param name="Text">The prompt as text.</param>
/// <param name="Tokens">The token ids of the text; <see langword="null"/> if the runtime tokenizes the text itself.</param>
/// <param name="TokenCount">The exact number of tokens if <paramref name="Tokens"/> is set; otherwise an estimate, at least 1.</param>
public sealed record Prompt(PromptText Text, IReadOnlyList<int>? Tokens, int TokenCount)
{
    /// <summary>
    /// The text at the end of the prompt that the answer continues: content, or reasoning if the message has no content yet. Null if the answer is a new message.
    /// </summary>
    public string? ContinuedText { get; init; }

    /// <summary>Whether <see cref="ContinuedText"/> is reasoning.</summary>
    public bool ContinuesReasoning { get; init; }

    /// <summary>The names of the changes to the conversation without which the chat template does not render it, for the log.</summary>
    public IReadOnlyList<string> Repairs { get; init; } = [];

    /// <summary>A note for the log: the first prompt of a model that lacks text of its conversation has one.</summary>
    public PromptNote? Note { get; init; }

    /// <summary>The parts of the request that have no effect on the prompt.</summary>
    public IgnoredInput Ignored { get; init; } = IgnoredInput.None;
}

/// <summary>The parts of a conversation that have no effect on its prompt.</summary>
/// <param name="Variables">The names of the variables in <see cref="Conversation.TemplateVariables"/> that the template does not read or may not get.</param>
/// <param name="Thinking">Whether <see cref="Conversation.EnableThinking"/> is set, but cannot turn reasoning on or off.</param>
/// <param name="Continuation">Whether <see cref="Conversation.ContinuesLastMessage"/> is set, but the runtime gets only the last user message.</param>
public sealed record IgnoredInput(IReadOnlyList<string> Variables, bool Thinking, bool Continuation)
{
    public static IgnoredInput None { get; } = new([], false, false);
}

/// <summary>
/// The chat template refuses or cannot render a conversation, the tokenizer cannot encode a prompt, or the model's prompt settings are not valid. The
/// message is one sentence for the client.
/// </summary>
public sealed class PromptException(string message, Exception? innerException = null) : Exception(message, innerException);
