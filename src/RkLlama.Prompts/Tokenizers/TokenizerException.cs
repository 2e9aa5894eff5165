namespace RkLlama.Prompts.Tokenizers;

/// <summary>A tokenizer file that cannot be read, or that asks for something this reader does not do exactly. The message names it.</summary>
public sealed class TokenizerException : Exception
{
    /// <summary>A tokenizer that cannot be used, with the reason.</summary>
    public TokenizerException(string message) : base(message)
    {
    }

    /// <summary>A tokenizer that cannot be used, with the reason and its cause.</summary>
    public TokenizerException(string message, Exception inner) : base(message, inner)
    {
    }

    /// <summary>The refusal of a component whose effect on the ids is not known here: guessing would give wrong ids without a trace.</summary>
    internal static TokenizerException Unsupported(string component) =>
        new($"This tokenizer uses {component}, which is not supported.");
}
