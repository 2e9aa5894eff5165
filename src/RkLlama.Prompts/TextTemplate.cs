namespace RkLlama.Prompts;

/// <summary>
/// What an embedding model expects around a text, for instance an instruction before a query. A text in which <c>{text}</c> stands for the text of the client.
/// The rest is template text, and can have control tokens.
/// </summary>
public sealed class TextTemplate
{
    /// <summary>Stands for the text of the client.</summary>
    public const string Placeholder = "{text}";

    /// <param name="source">The text. Only the first placeholder is replaced.</param>
    /// <exception cref="PromptException">The text has no placeholder.</exception>
    public TextTemplate(string source)
    {
        int at = source.IndexOf(Placeholder, StringComparison.Ordinal);
        if (at < 0)
            throw new PromptException($"The template for embeddings has no {Placeholder}.");
        (Before, After) = (PromptText.Trusted(source[..at]), PromptText.Trusted(source[(at + Placeholder.Length)..]));
        Length = source.Length - Placeholder.Length;
    }

    /// <summary>The number of UTF-16 units without the placeholder.</summary>
    public int Length { get; }

    /// <summary>The text before that of the client. May be empty.</summary>
    internal PromptText Before { get; }

    /// <summary>The text behind that of the client. May be empty.</summary>
    internal PromptText After { get; }
}
