namespace RkLlama.Prompts;

/// <summary>The limits for building one prompt.</summary>
/// <param name="ContextLength">
/// The maximum number of tokens of a useful prompt. If the length of the text shows that the prompt exceeds it, the builder refuses the prompt at once.
/// </param>
/// <param name="Budget">The processor time for the template and the tokenizer together.</param>
public sealed record PromptLimits(int ContextLength, CpuBudget Budget)
{
    // Prompts of up to this number of contexts are encoded as a whole, so that the error names their exact number of tokens.
    private const int MaxContexts = 4;

    /// <summary>The number of tokens above which the tokenizer stops; four times <see cref="ContextLength"/> if not set.</summary>
    public int MaxTokens { get; init; } = (int)Math.Min((long)MaxContexts * ContextLength, int.MaxValue);

    /// <summary>Limits that no prompt reaches. The token cancels the work.</summary>
    public static PromptLimits None(CancellationToken cancellationToken = default) => new(int.MaxValue, CpuBudget.Unlimited(cancellationToken));
}
