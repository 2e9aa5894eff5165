using System.Globalization;
using System.Text;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Syntax;

/// <summary>Decodes the escape sequences of Python string literals.</summary>
internal static class StringLiteral
{
    public static string Decode(string literal)
    {
        if (!literal.Contains('\\', StringComparison.Ordinal))
            return literal;
        StringBuilder text = new(literal.Length);
        for (int at = 0; at < literal.Length;)
        {
            if (literal[at] != '\\' || at + 1 == literal.Length)
                text.Append(literal[at++]);
            else
                at = Escape(literal, at + 1, text);
        }
        return text.ToString();
    }

    /// <summary>Appends the character that an escape sequence stands for, and returns the index after the sequence.</summary>
    /// <param name="at">The index after the backslash.</param>
    private static int Escape(string literal, int at, StringBuilder text)
    {
        char kind = literal[at];
        if (kind is >= '0' and <= '7')
        {
            int end = at;
            int value = 0;
            while (end < literal.Length && end < at + 3 && literal[end] is >= '0' and <= '7')
                value = (value * 8) + literal[end++] - '0';
            text.Append((char)value);
            return end;
        }
        switch (kind)
        {
            case '\n':
                return at + 1;
            case 'x':
                return CodePoint(literal, at + 1, 2, text);
            case 'u':
                return CodePoint(literal, at + 1, 4, text);
            case 'U':
                return CodePoint(literal, at + 1, 8, text);
            case 'N':
                throw new TemplateException("named characters (\\N{...}) are not supported in chat templates");
        }
        string? plain = kind switch
        {
            '\\' or '\'' or '"' => kind.ToString(),
            'a' => "\a",
            'b' => "\b",
            'f' => "\f",
            'n' => "\n",
            'r' => "\r",
            't' => "\t",
            'v' => "\v",
            _ => null,
        };
        // Python keeps the backslash of an unknown escape sequence. jinja2 escapes characters that are not ASCII before it decodes the literal, so a backslash
        // before such a character becomes visible.
        int length = PythonStrings.CodePointLength(literal, at);
        int codePoint = PythonStrings.CodePointAt(literal, at);
        text.Append(plain ?? codePoint switch
        {
            < 0x80 => $"\\{kind}",
            < 0x100 => $"\\x{codePoint:x2}",
            < 0x10000 => $"\\u{codePoint:x4}",
            _ => $"\\U{codePoint:x8}",
        });
        return at + length;
    }

    private static int CodePoint(string literal, int at, int digits, StringBuilder text)
    {
        if (at + digits > literal.Length
            || !int.TryParse(literal.AsSpan(at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value)
            || value is < 0 or > 0x10FFFF)
        {
            throw new TemplateException("a string of the chat template has a truncated escape");
        }
        if (value >= 0x10000)
            text.Append(char.ConvertFromUtf32(value));
        else
            text.Append((char)value);
        return at + digits;
    }
}
