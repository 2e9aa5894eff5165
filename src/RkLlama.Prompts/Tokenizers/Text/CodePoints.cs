using System.Globalization;

namespace RkLlama.Prompts.Tokenizers.Text;

/// <summary>
/// Code points of UTF-16 text, and the character classes of the reference implementation (Rust's <c>char</c> and <c>regex</c>). Texts are
/// well-formed here, because <see cref="TextBuffer.Load"/> replaces lone surrogates.
/// </summary>
internal static class CodePoints
{
    public const char Replacement = '\uFFFD';

    /// <summary>Returns the code point at <paramref name="index"/>; <paramref name="length"/> is its length in UTF-16 units.</summary>
    public static int At(ReadOnlySpan<char> text, int index, out int length)
    {
        char first = text[index];
        if (char.IsHighSurrogate(first) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]))
        {
            length = 2;
            return char.ConvertToUtf32(first, text[index + 1]);
        }
        length = 1;
        return first;
    }

    /// <summary>Returns the code point that ends before <paramref name="index"/>, which must not be 0.</summary>
    public static int Before(ReadOnlySpan<char> text, int index, out int length)
    {
        char last = text[index - 1];
        if (char.IsLowSurrogate(last) && index > 1 && char.IsHighSurrogate(text[index - 2]))
        {
            length = 2;
            return char.ConvertToUtf32(text[index - 2], last);
        }
        length = 1;
        return last;
    }

    /// <summary>Returns the index of the first surrogate without its other half, or -1.</summary>
    public static int IndexOfLoneSurrogate(ReadOnlySpan<char> text)
    {
        int index = 0;
        while (true)
        {
            int offset = text[index..].IndexOfAnyInRange('\uD800', '\uDFFF');
            if (offset < 0)
                return -1;
            index += offset;
            At(text, index, out int length);
            if (length == 1)
                return index;
            index += length;
        }
    }

    /// <summary>The property White_Space: Rust's <c>char::is_whitespace</c>, and <c>\s</c> in all three regex dialects.</summary>
    public static bool IsWhiteSpace(int codePoint) => codePoint < 0x10000 && char.IsWhiteSpace((char)codePoint);

    /// <summary>Rust's <c>char::is_numeric</c>: the three number categories.</summary>
    public static bool IsNumeric(int codePoint) => CharUnicodeInfo.GetUnicodeCategory(codePoint)
        is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    /// <summary>ASCII punctuation, including symbols such as <c>$</c>, or a punctuation category.</summary>
    public static bool IsPunctuation(int codePoint)
    {
        if (codePoint < 128)
            return char.IsAsciiLetterOrDigit((char)codePoint) is false && codePoint is > ' ' and < 127;
        return CharUnicodeInfo.GetUnicodeCategory(codePoint)
            is >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherPunctuation;
    }

    /// <summary><c>\w</c> of Rust's regex: alphabetic characters, marks, decimal digits, connectors and the two joiners.</summary>
    public static bool IsWord(int codePoint)
    {
        if (codePoint is 0x200C or 0x200D || IsCircledLetter(codePoint))
            return true;
        return CharUnicodeInfo.GetUnicodeCategory(codePoint) switch
        {
            <= UnicodeCategory.OtherLetter => true,
            UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => true,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation => true,
            _ => false,
        };
    }

    /// <summary>Symbols (category So) that have the property Alphabetic.</summary>
    private static bool IsCircledLetter(int codePoint) => codePoint
        is (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189);
}
