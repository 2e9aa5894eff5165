namespace RkLlama.Prompts.Tokenizers;

/// <summary>
/// A tokenizer file is not valid or not supported, or a text exceeds the limits of its patterns. The message names the reason.
/// </summary>
public sealed class TokenizerException : Exception
{
    /// <summary>Creates the exception with its reason.</summary>
    public TokenizerException(string message) : base(message)
    {
    }

    /// <summary>Creates the exception with its reason and cause.</summary>
    public TokenizerException(string message, Exception inner) : base(message, inner)
    {
    }

    /// <summary>
    /// Refuses a component that would not produce the ids of the reference implementation. Ignoring it would produce wrong ids without an
    /// error.
    /// </summary>
    internal static TokenizerException Unsupported(string component) =>
        new($"This tokenizer uses {component}, which is not supported.");
}
