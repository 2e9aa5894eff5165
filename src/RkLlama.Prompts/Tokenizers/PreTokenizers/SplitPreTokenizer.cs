using RkLlama.Prompts.Tokenizers.Patterns;
using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers.PreTokenizers;

/// <summary>
/// Splits every piece at the matches of a pattern. Implements the components <c>Split</c>, <c>Digits</c>, <c>Punctuation</c>, <c>Whitespace</c> and
/// <c>WhitespaceSplit</c> of tokenizer files.
/// </summary>
/// <param name="invert">If true, the text between the matches counts as matches, and the matches do not.</param>
internal sealed class SplitPreTokenizer(TextPattern pattern, SplitBehavior behavior, bool invert = false) : PreTokenizer
{
    public override void Apply(PreTokenization state)
    {
        List<TextRange> pieces = state.BeginPieces();
        foreach (TextRange piece in state.Pieces)
        {
            state.Matches.Clear();
            pattern.FindAll(state.TextOf(piece), state.Matches);
            if (invert)
                Invert(state.Matches);
            behavior.AddPieces(state.Matches, piece.Start, pieces);
        }
        state.CommitPieces();
    }

    private static void Invert(List<TextMatch> matches)
    {
        for (int i = 0; i < matches.Count; i++)
            matches[i] = matches[i] with { IsMatch = !matches[i].IsMatch };
    }
}
