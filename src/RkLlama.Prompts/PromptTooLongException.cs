namespace RkLlama.Prompts;

/// <summary>The prompt has so many tokens that the builder stopped before it knew their exact number.</summary>
/// <param name="minTokens">A lower bound of the number of tokens.</param>
public sealed class PromptTooLongException(int minTokens) : Exception($"The prompt has at least {minTokens} tokens.")
{
    /// <summary>A lower bound of the number of tokens.</summary>
    public int MinTokens => minTokens;
}
