namespace RkLlama.Prompts.Tokenizers;

/// <summary>
/// A tokenizer file is not valid or not supported, or the regular expressions of the tokenizer need too many steps for a text. The message has the reason.
/// </summary>
public sealed class TokenizerException : Exception
{
    /// <summary>Creates the exception with its message.</summary>
    public TokenizerException(string message) : base(message)
    {
    }

    /// <summary>Creates the exception with its message and the exception that caused it.</summary>
    public TokenizerException(string message, Exception inner) : base(message, inner)
    {
    }

    /// <summary>
    /// Creates the exception for a component of a tokenizer file that is not supported. Such a component must not be ignored, because the token ids would then
    /// be wrong without an error.
    /// </summary>
    internal static TokenizerException Unsupported(string component) =>
        new($"This tokenizer uses {component}, which is not supported.");

    /// <exception cref="TokenizerException">The budget is exceeded.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    internal static void ThrowIfExceeded(CpuBudget budget)
    {
        if (budget.IsExceeded())
            throw new TokenizerException("The text takes too long to tokenise.");
    }
}
