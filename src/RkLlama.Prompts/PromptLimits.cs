namespace RkLlama.Prompts;

/// <summary>The limits for building one prompt.</summary>
/// <param name="ContextLength">
/// The maximum number of tokens of a useful prompt. If the length of a large text shows that the prompt exceeds it, the builder refuses the prompt at once.
/// </param>
/// <param name="Budget">The processor time for the template and the tokenizer together.</param>
public sealed record PromptLimits(int ContextLength, CpuBudget Budget)
{
    // Prompts of up to this number of contexts, or of tokens, are encoded as a whole, so that the error names their exact number of tokens.
    private const int MaxContexts = 4;
    private const int MinMaxTokens = 64 * 1024;

    /// <summary>The number of tokens above which the tokenizer stops; by default four times <see cref="ContextLength"/>, at least 65,536.</summary>
    public int MaxTokens { get; init; } = (int)Math.Min(Math.Max(MinMaxTokens, (long)MaxContexts * ContextLength), int.MaxValue);

    /// <summary>Limits that no prompt reaches. The token cancels the work.</summary>
    public static PromptLimits None(CancellationToken cancellationToken = default) => new(int.MaxValue, CpuBudget.Unlimited(cancellationToken));
}
