namespace RkLlama.Prompts.Tokenizers.Patterns;

/// <summary>Matches <see cref="KnownPatterns.Gpt2"/>. The matches cover the whole text.</summary>
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
    /// Returns the end of a match of white space. It leaves the last character to the following word, unless that is its only character.
    /// </summary>
    private static int EndOfSpace(ReadOnlySpan<char> text, int start)
    {
        int end = CharacterKinds.EndOfRun(text, start, CharacterKind.Space);
        return end == text.Length || end == start + 1 ? end : end - 1;
    }
}
