namespace RkLlama.Prompts.Tokenizers;

/// <summary>A token matched as a literal in the text before the model sees it, such as <c>&lt;|im_start|&gt;</c>.</summary>
/// <param name="Id">The token's id.</param>
/// <param name="Content">The literal, as it stands in the text.</param>
public sealed record AddedToken(int Id, string Content)
{
    /// <summary>Matches only where no word character touches it.</summary>
    public bool SingleWord { get; init; }

    /// <summary>Takes the white space to its left with it.</summary>
    public bool LeftStrip { get; init; }

    /// <summary>Takes the white space to its right with it.</summary>
    public bool RightStrip { get; init; }

    /// <summary>Is matched in the normalized text, in its own normalized form, instead of in the text as given.</summary>
    public bool Normalized { get; init; }

    /// <summary>A control token: left out of decoded text on request, and never made out of ordinary text in a guarded prompt.</summary>
    public bool Special { get; init; }
}
