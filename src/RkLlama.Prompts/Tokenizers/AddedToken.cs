namespace RkLlama.Prompts.Tokenizers;

/// <summary>A token that the tokenizer matches as a literal before it applies the model, such as <c>&lt;|im_start|&gt;</c>.</summary>
/// <param name="Id">The token id.</param>
/// <param name="Content">The literal text.</param>
public sealed record AddedToken(int Id, string Content)
{
    /// <summary>Whether the token matches only if no word character is next to it.</summary>
    public bool SingleWord { get; init; }

    /// <summary>Whether a match includes the white space before it.</summary>
    public bool LeftStrip { get; init; }

    /// <summary>Whether a match includes the white space after it.</summary>
    public bool RightStrip { get; init; }

    /// <summary>Whether the token's normalized form is matched in the normalized text, instead of its literal in the original text.</summary>
    public bool Normalized { get; init; }

    /// <summary>
    /// Whether this is a control token. Decoding can skip control tokens, and request text of a guarded prompt never becomes one.
    /// </summary>
    public bool Special { get; init; }
}
