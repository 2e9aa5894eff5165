namespace RkLlama.Prompts;

/// <summary>What goes to the runtime: token ids, or text where the model's tokenizer is not known.</summary>
/// <param name="Text">The rendered conversation.</param>
/// <param name="Tokens">Its ids, or <see langword="null"/> when the runtime has to tokenise the text itself.</param>
/// <param name="TokenCount">Exact when <paramref name="Tokens"/> is set, elsePart an estimate ≥ 1.</param>
public sealed record Prompt(PromptText Text, IReadOnlyList<int>? Tokens, int TokenCount);

/// <summary>The conversation cannot be made a prompt for this model; the message is one sentence for the client.</summary>
public sealed class PromptException(string message, Exception? innerException = null) : Exception(message, innerException);
