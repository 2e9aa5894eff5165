using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers.Patterns;

/// <summary>A segment of a text: a match of a pattern, or the text between two matches. The range is in UTF-16 units; the end is exclusive.</summary>
internal readonly record struct TextMatch(int Start, int End, bool IsMatch);

/// <summary>A pattern whose matches are used to split a text, or are replaced in it. Immutable; safe for concurrent use.</summary>
internal abstract class TextPattern
{
    /// <summary>
    /// Finds all matches in <paramref name="text"/> from left to right. Appends the matches and the text between them to the list, in order. Look-aheads and
    /// anchors treat the two ends of <paramref name="text"/> as the ends of the whole text.
    /// </summary>
    public abstract void FindAll(ReadOnlySpan<char> text, List<TextMatch> matches);
}

/// <summary>Matches a fixed string.</summary>
internal sealed class LiteralPattern(string literal) : TextPattern
{
    public string Literal => literal;

    public override void FindAll(ReadOnlySpan<char> text, List<TextMatch> matches)
    {
        int start = 0;
        while (true)
        {
            int offset = text[start..].IndexOf(literal, StringComparison.Ordinal);
            if (offset < 0)
                break;
            if (offset > 0)
                matches.Add(new TextMatch(start, start + offset, false));
            start += offset + literal.Length;
            matches.Add(new TextMatch(start - literal.Length, start, true));
        }
        if (start < text.Length)
            matches.Add(new TextMatch(start, text.Length, false));
    }
}

/// <summary>Matches each code point for which a predicate is true.</summary>
internal sealed class CodePointPattern(Func<int, bool> predicate) : TextPattern
{
    public override void FindAll(ReadOnlySpan<char> text, List<TextMatch> matches)
    {
        int rest = 0;
        for (int i = 0; i < text.Length;)
        {
            int codePoint = CodePoints.At(text, i, out int length);
            if (predicate(codePoint))
            {
                if (rest < i)
                    matches.Add(new TextMatch(rest, i, false));
                rest = i + length;
                matches.Add(new TextMatch(i, rest, true));
            }
            i += length;
        }
        if (rest < text.Length)
            matches.Add(new TextMatch(rest, text.Length, false));
    }
}

/// <summary>Matches the words of the <c>Whitespace</c> pre-tokenizer: <c>\w+|[^\w\s]+</c>.</summary>
internal sealed class WordPattern : TextPattern
{
    private enum Kind
    {
        Space,
        Word,
        Other,
    }

    public override void FindAll(ReadOnlySpan<char> text, List<TextMatch> matches)
    {
        int start = 0;
        while (start < text.Length)
        {
            Kind kind = KindOf(CodePoints.At(text, start, out int length));
            int end = start + length;
            while (end < text.Length && KindOf(CodePoints.At(text, end, out length)) == kind)
                end += length;
            matches.Add(new TextMatch(start, end, kind != Kind.Space));
            start = end;
        }
    }

    private static Kind KindOf(int codePoint) =>
        CodePoints.IsWord(codePoint) ? Kind.Word : CodePoints.IsWhiteSpace(codePoint) ? Kind.Space : Kind.Other;
}
