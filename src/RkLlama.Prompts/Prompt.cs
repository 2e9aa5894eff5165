namespace RkLlama.Prompts;

/// <summary>A prompt for the runtime: token ids, or text if the model's tokenizer is not available.</summary>
/// <param name="Text">The rendered conversation.</param>
/// <param name="Tokens">The token ids of the text; <see langword="null"/> if the runtime tokenizes the text itself.</param>
/// <param name="TokenCount">The exact number of tokens if <paramref name="Tokens"/> is set; otherwise an estimate, at least 1.</param>
public sealed record Prompt(PromptText Text, IReadOnlyList<int>? Tokens, int TokenCount);

/// <summary>
/// The conversation does not fit the model, or the model's prompt settings are not valid. The message is one sentence for the client.
/// </summary>
public sealed class PromptException(string message, Exception? innerException = null) : Exception(message, innerException);
