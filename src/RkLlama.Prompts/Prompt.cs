namespace RkLlama.Prompts;

/// <summary>A prompt for the RKLLM runtime: token ids, or text that the runtime tokenizes.</summary>
/// <param name="Text">The prompt as text.</param>
/// <param name="Tokens">The token ids of the text; <see langword="null"/> if the runtime tokenizes the text itself.</param>
/// <param name="TokenCount">The exact number of tokens if <paramref name="Tokens"/> is set; otherwise an estimate, at least 1.</param>
public sealed record Prompt(PromptText Text, IReadOnlyList<int>? Tokens, int TokenCount);

/// <summary>
/// The chat template refuses or cannot render a conversation, the tokenizer cannot encode a prompt, or the model's prompt settings are not valid. The
/// message is one sentence for the client.
/// </summary>
public sealed class PromptException(string message, Exception? innerException = null) : Exception(message, innerException);
