using System.Globalization;
using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers.Patterns;

/// <summary>The kinds of characters that the expressions of <see cref="KnownPatterns"/> distinguish.</summary>
internal enum CharacterKind : byte
{
    /// <summary>Neither letter nor number nor white space.</summary>
    Other,
    Letter,
    Number,
    Space,
}

/// <summary>Determines the kind of a code point: by a table if it is ASCII, otherwise by its Unicode category.</summary>
internal static class CharacterKinds
{
    private static readonly CharacterKind[] Ascii = [.. Enumerable.Range(0, 128).Select(Classify)];

    public static CharacterKind At(ReadOnlySpan<char> text, int index, out int length)
    {
        char unit = text[index];
        length = 1;
        if (unit < 128)
            return Ascii[unit];
        return Classify(char.IsSurrogate(unit) ? CodePoints.At(text, index, out length) : unit);
    }

    /// <summary>
    /// Returns the end of the sequence of code points of one kind that begins at <paramref name="index"/>. The sequence has at most
    /// <paramref name="max"/> code points; it may be empty.
    /// </summary>
    public static int EndOfRun(ReadOnlySpan<char> text, int index, CharacterKind kind, int max = int.MaxValue)
    {
        for (; max > 0 && index < text.Length && At(text, index, out int length) == kind; max--)
            index += length;
        return index;
    }

    /// <summary>
    /// Returns the length of the English contraction <c>'s</c>, <c>'t</c>, <c>'re</c>, <c>'ve</c>, <c>'m</c>, <c>'ll</c> or <c>'d</c> that begins with the
    /// apostrophe at <paramref name="index"/>; 0 if there is none.
    /// </summary>
    public static int Contraction(ReadOnlySpan<char> text, int index, bool ignoreCase)
    {
        char first = Lower(text, index + 1, ignoreCase);
        if (first is 's' or 't' or 'm' or 'd')
            return 2;
        return (first, Lower(text, index + 2, ignoreCase)) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    private static char Lower(ReadOnlySpan<char> text, int index, bool ignoreCase)
    {
        char unit = index < text.Length ? text[index] : '\0';
        if (!ignoreCase)
            return unit;
        return unit == '\u017F' ? 's' : char.IsAsciiLetterUpper(unit) ? (char)(unit | 0x20) : unit; // U+017F, the long s, case-folds to s
    }

    private static CharacterKind Classify(int codePoint) => CharUnicodeInfo.GetUnicodeCategory(codePoint) switch
    {
        <= UnicodeCategory.OtherLetter => CharacterKind.Letter,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => CharacterKind.Number,
        _ => CodePoints.IsWhiteSpace(codePoint) ? CharacterKind.Space : CharacterKind.Other,
    };
}
