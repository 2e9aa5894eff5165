using System.Buffers;

namespace RkLlama.Output.Patterns;

/// <summary>Reads the text of a pattern from left to right.</summary>
internal sealed class PatternReader(string text)
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789");
    private int _at;

    internal bool IsAtEnd => _at >= text.Length;

    /// <summary>The next character. There must be one.</summary>
    internal char Next => text[_at];

    /// <exception cref="PatternException">The pattern is at its end.</exception>
    internal char Read() => IsAtEnd ? throw PatternException.Invalid() : text[_at++];

    /// <summary>Reads the character if it is the next one.</summary>
    internal bool Take(char character)
    {
        if (IsAtEnd || Next != character)
            return false;
        _at++;
        return true;
    }

    /// <summary>Whether this text comes next. Reads nothing.</summary>
    internal bool IsNext(string expected) => text.AsSpan(_at).StartsWith(expected);

    /// <summary>Reads up to this character, and the character.</summary>
    /// <returns>The text before it.</returns>
    /// <exception cref="PatternException">The pattern does not have the character.</exception>
    internal string SkipTo(char end)
    {
        int found = text.IndexOf(end, _at);
        if (found < 0)
            throw PatternException.Invalid();
        string before = text[_at..found];
        _at = found + 1;
        return before;
    }

    /// <summary>Returns the code point that starts with a character that was read, and reads its other half.</summary>
    internal int CodePointFrom(char first) =>
        char.IsHighSurrogate(first) && !IsAtEnd && char.IsLowSurrogate(Next) ? char.ConvertToUtf32(first, Read()) : first;

    /// <summary>Reads <c>{n}</c>, <c>{n,}</c> or <c>{n,m}</c>. Anything else behind a brace is plain text.</summary>
    /// <returns>The text in the braces; null if there is none.</returns>
    internal string? TakeBounds()
    {
        if (IsAtEnd || Next != '{')
            return null;
        ReadOnlySpan<char> rest = text.AsSpan(_at + 1);
        int digits = LeadingDigits(rest);
        int length = digits;
        if (length > 0 && length < rest.Length && rest[length] == ',')
            length += 1 + LeadingDigits(rest[(length + 1)..]);
        if (digits == 0 || length >= rest.Length || rest[length] != '}')
            return null;
        _at += length + 2;
        return rest[..length].ToString();
    }

    /// <summary>Reads exactly this number of hexadecimal digits.</summary>
    /// <exception cref="PatternException">There are fewer digits.</exception>
    internal int Hexadecimal(int digits)
    {
        int value = 0;
        for (int i = 0; i < digits; i++)
            value = (value << 4) | DigitOf(Read());
        return value;
    }

    internal static int DigitOf(char character) => char.IsAsciiHexDigit(character) ? Convert.ToInt32(character.ToString(), 16) : throw PatternException.Invalid();

    private static int LeadingDigits(ReadOnlySpan<char> span) => span.IndexOfAnyExcept(Digits) is >= 0 and var end ? end : span.Length;
}
