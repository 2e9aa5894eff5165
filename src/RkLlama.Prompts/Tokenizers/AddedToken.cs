namespace RkLlama.Prompts.Tokenizers;

/// <summary>
/// A token whose text the tokenizer looks for before it encodes the remaining text, such as <c>&lt;|im_start|&gt;</c>. An entry of the list
/// <c>added_tokens</c> in a tokenizer.json.
/// </summary>
/// <param name="Id">The token id.</param>
/// <param name="Content">The text of the token.</param>
public sealed record AddedToken(int Id, string Content)
{
    /// <summary>Whether the token matches only if the characters directly before and after it are not word characters.</summary>
    public bool SingleWord { get; init; }

    /// <summary>Whether the white space before a match becomes part of the match.</summary>
    public bool LeftStrip { get; init; }

    /// <summary>Whether the white space after a match becomes part of the match.</summary>
    public bool RightStrip { get; init; }

    /// <summary>
    /// If true, the tokenizer looks for the normalized form of <see cref="Content"/> in the normalized text. If false, it looks for <see cref="Content"/> in
    /// the original text.
    /// </summary>
    public bool Normalized { get; init; }

    /// <summary>
    /// Whether this is a control token; tokenizer files call it special. <see cref="Tokenizer.Decode"/> can skip control tokens. If
    /// <see cref="PromptSettings.GuardsSpecialTokens"/> is set, text that a client sent never becomes a control token.
    /// </summary>
    public bool Special { get; init; }
}
