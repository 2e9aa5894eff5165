using System.Text;
using RkLlama.Prompts.Tokenizers.Models;
using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers.PreTokenizers;

/// <summary>Puts a space before every piece that does not begin with a space.</summary>
internal sealed class PrefixSpacePreTokenizer : PreTokenizer
{
    public override void Apply(PreTokenization state)
    {
        TextBuffer text = state.BeginText();
        List<TextRange> pieces = state.BeginPieces();
        foreach (TextRange piece in state.Pieces)
        {
            int start = text.Length;
            ReadOnlySpan<char> source = state.TextOf(piece);
            if (source[0] != ' ')
                text.Append(' ', false);
            text.Append(source, false);
            pieces.Add(new TextRange(start, text.Length));
        }
        state.CommitText();
    }
}

/// <summary>
/// Replaces each byte of the text, in UTF-8, by its character of <see cref="ByteAlphabet"/>. Used only if another step follows. If no step follows,
/// <see cref="BpeModel"/> does the conversion instead.
/// </summary>
internal sealed class ByteAlphabetPreTokenizer : PreTokenizer
{
    public override void Apply(PreTokenization state)
    {
        TextBuffer text = state.BeginText();
        List<TextRange> pieces = state.BeginPieces();
        Span<byte> bytes = stackalloc byte[4];
        foreach (TextRange piece in state.Pieces)
        {
            int start = text.Length;
            foreach (Rune rune in state.TextOf(piece).EnumerateRunes())
            {
                int count = rune.EncodeToUtf8(bytes);
                foreach (byte value in bytes[..count])
                    text.Append(ByteAlphabet.ToLetter(value), false);
            }
            pieces.Add(new TextRange(start, text.Length));
        }
        state.CommitText();
    }
}
