namespace RkLlama.Prompts.Tokenizers.Patterns;

/// <summary>A hand-written matcher for the expression <see cref="KnownPatterns.Gpt2"/>. The matches cover the whole text.</summary>
internal sealed class Gpt2Pattern : TextPattern
{
    public override void FindAll(ReadOnlySpan<char> text, List<TextMatch> matches)
    {
        for (int start = 0; start < text.Length;)
        {
            int end = EndOfMatch(text, start);
            matches.Add(new TextMatch(start, end, true));
            start = end;
        }
    }

    private static int EndOfMatch(ReadOnlySpan<char> text, int start)
    {
        if (text[start] == '\'' && CharacterKinds.Contraction(text, start, ignoreCase: false) is > 0 and int length)
            return start + length;
        int word = text[start] == ' ' && start + 1 < text.Length ? start + 1 : start;
        CharacterKind kind = CharacterKinds.At(text, word, out _);
        if (kind != CharacterKind.Space)
            return CharacterKinds.EndOfRun(text, word, kind);
        return EndOfSpace(text, start);
    }

    /// <summary>
    /// Returns the end of the match for the white space that begins at <paramref name="start"/>. If other text follows, the last character of the white space
    /// is not part of the match, unless it is the only one.
    /// </summary>
    private static int EndOfSpace(ReadOnlySpan<char> text, int start)
    {
        int end = CharacterKinds.EndOfRun(text, start, CharacterKind.Space);
        return end == text.Length || end == start + 1 ? end : end - 1;
    }
}
