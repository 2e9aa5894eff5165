using System.Globalization;

namespace RkLlama.Prompts.Tokenizers.Text;

/// <summary>
/// Reads code points from UTF-16 text, and classifies them as Hugging Face's tokenizers library does (with <c>char</c> and <c>regex</c> of Rust). The texts
/// contain no lone surrogates, because <see cref="TextBuffer.Load"/> replaces them.
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

    /// <summary>
    /// Returns the code point directly before <paramref name="index"/>, which must not be 0; <paramref name="length"/> is its length in UTF-16 units.
    /// </summary>
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

    /// <summary>Returns the index of the first surrogate that is not part of a surrogate pair; -1 if there is none.</summary>
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

    /// <summary>
    /// Returns whether a code point has the Unicode property White_Space, as <c>char::is_whitespace</c> of Rust does. <c>\s</c> in regular expressions matches
    /// the same code points.
    /// </summary>
    public static bool IsWhiteSpace(int codePoint) => codePoint < 0x10000 && char.IsWhiteSpace((char)codePoint);

    /// <summary>Returns whether a code point is in one of the Unicode categories Nd, Nl and No, as <c>char::is_numeric</c> of Rust does.</summary>
    public static bool IsNumeric(int codePoint) => CharUnicodeInfo.GetUnicodeCategory(codePoint)
        is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    /// <summary>
    /// Returns whether a code point is punctuation. In ASCII, every printable character except letters, digits and the space is punctuation, including symbols
    /// such as <c>$</c>. Other code points must be in a Unicode category of punctuation.
    /// </summary>
    public static bool IsPunctuation(int codePoint)
    {
        if (codePoint < 128)
            return char.IsAsciiLetterOrDigit((char)codePoint) is false && codePoint is > ' ' and < 127;
        return CharUnicodeInfo.GetUnicodeCategory(codePoint)
            is >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherPunctuation;
    }

    /// <summary>
    /// Returns whether <c>\w</c> of Rust's <c>regex</c> matches a code point: alphabetic characters, marks, decimal digits, connector punctuation, and the
    /// joiners U+200C and U+200D.
    /// </summary>
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

    /// <summary>Returns whether a code point is a symbol (category So) that has the Unicode property Alphabetic, such as a circled letter.</summary>
    private static bool IsCircledLetter(int codePoint) => codePoint
        is (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189);
}
