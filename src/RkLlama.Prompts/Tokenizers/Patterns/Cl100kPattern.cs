namespace RkLlama.Prompts.Tokenizers.Patterns;

/// <summary>
/// A hand-written matcher for the expressions <see cref="KnownPatterns.Qwen"/> and <see cref="KnownPatterns.Llama3"/>. The matches cover the whole text. The
/// time is linear in the length of the text.
/// </summary>
/// <param name="maxNumbers">The maximum number of digits in one match: 1 for Qwen, 3 for Llama 3.</param>
internal sealed class Cl100kPattern(int maxNumbers) : TextPattern
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

    private int EndOfMatch(ReadOnlySpan<char> text, int start)
    {
        char first = text[start];
        if (first == '\'' && CharacterKinds.Contraction(text, start, ignoreCase: true) is > 0 and int contraction)
            return start + contraction;
        CharacterKind kind = CharacterKinds.At(text, start, out int length);
        if (kind == CharacterKind.Letter)
            return CharacterKinds.EndOfRun(text, start + length, CharacterKind.Letter);
        if (kind == CharacterKind.Number)
            return CharacterKinds.EndOfRun(text, start, CharacterKind.Number, maxNumbers);
        int next = start + length;
        CharacterKind nextKind = next < text.Length ? CharacterKinds.At(text, next, out _) : CharacterKind.Space;
        if (nextKind == CharacterKind.Letter && first is not ('\r' or '\n'))
            return CharacterKinds.EndOfRun(text, next, CharacterKind.Letter);
        if (kind == CharacterKind.Other || (first == ' ' && nextKind == CharacterKind.Other))
            return EndOfLineBreaks(text, CharacterKinds.EndOfRun(text, next, CharacterKind.Other));
        return EndOfSpace(text, start);
    }

    private static int EndOfLineBreaks(ReadOnlySpan<char> text, int index)
    {
        while (index < text.Length && text[index] is '\r' or '\n')
            index++;
        return index;
    }

    /// <summary>
    /// Returns the end of the match for the white space that begins at <paramref name="start"/>. If the white space contains line breaks, the match ends after
    /// the last one. Otherwise, if other text follows, the last character of the white space is not part of the match, unless it is the only one.
    /// </summary>
    private static int EndOfSpace(ReadOnlySpan<char> text, int start)
    {
        int end = CharacterKinds.EndOfRun(text, start, CharacterKind.Space);
        int lineBreak = text[start..end].LastIndexOfAny('\r', '\n');
        if (lineBreak >= 0)
            return start + lineBreak + 1;
        return end == text.Length || end == start + 1 ? end : end - 1;
    }
}
