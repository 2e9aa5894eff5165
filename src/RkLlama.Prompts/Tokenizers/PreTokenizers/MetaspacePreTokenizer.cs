using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers.PreTokenizers;

/// <summary>Which pieces get a space mark at their start.</summary>
internal enum PrependScheme
{
    Never,

    /// <summary>Only the first piece of the prompt.</summary>
    First,
    Always,
}

/// <summary>Replaces every space by a visible character, the space mark.</summary>
/// <param name="replacement">The space mark; usually ▁ (U+2581).</param>
/// <param name="scheme">Which pieces get a space mark at their start, even if no space is there.</param>
/// <param name="split">Whether to split the text before each space mark.</param>
internal sealed class MetaspacePreTokenizer(char replacement, PrependScheme scheme, bool split) : PreTokenizer
{
    public override void Apply(PreTokenization state)
    {
        TextBuffer text = state.BeginText();
        List<TextRange> pieces = state.BeginPieces();
        foreach (TextRange piece in state.Pieces)
        {
            int start = text.Length;
            ReadOnlySpan<char> source = state.TextOf(piece);
            bool first = piece.Start == 0 && state.StartsPrompt;
            bool prepend = scheme == PrependScheme.Always || (scheme == PrependScheme.First && first);
            if (prepend && source[0] != ' ' && source[0] != replacement)
                text.Append(replacement, false);
            foreach (char unit in source)
                text.Append(unit == ' ' ? replacement : unit, false);
            AddPieces(text.Text, start, pieces);
        }
        state.CommitText();
    }

    private void AddPieces(ReadOnlySpan<char> text, int start, List<TextRange> pieces)
    {
        if (!split)
        {
            pieces.Add(new TextRange(start, text.Length));
            return;
        }
        while (start < text.Length)
        {
            int offset = text[(start + 1)..].IndexOf(replacement);
            int end = offset < 0 ? text.Length : start + 1 + offset;
            pieces.Add(new TextRange(start, end));
            start = end;
        }
    }
}
