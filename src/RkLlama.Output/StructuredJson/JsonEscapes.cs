using System.Globalization;
using System.Text;

namespace RkLlama.Output.StructuredJson;

/// <summary>The escape sequences of strings.</summary>
internal static class JsonEscapes
{
    /// <summary>
    /// Returns the text with all escape sequences replaced. If a backslash is not the start of an escape sequence, it is part of the text, as in
    /// <c>C:\dir</c>.
    /// </summary>
    /// <param name="quote">The opening quote of the string. A backslash before such a quote is the start of an escape sequence.</param>
    internal static string Decode(string text, char quote)
    {
        if (!text.Contains('\\', StringComparison.Ordinal))
            return text;
        StringBuilder value = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
                value.Append(text[i]);
            else
                i += Append(text.AsSpan(i + 1), quote, value);
        }

        return value.ToString();
    }

    /// <summary>Appends the character that a sequence stands for, and returns the length of the sequence.</summary>
    /// <param name="sequence">The text after the backslash.</param>
    private static int Append(ReadOnlySpan<char> sequence, char quote, StringBuilder value)
    {
        char c = sequence[0];
        if (c == 'u' && sequence.Length > 4 && ushort.TryParse(sequence[1..5], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort unit))
        {
            value.Append((char)unit);
            return 5;
        }

        if (c is not ('n' or 't' or 'r' or 'b' or 'f' or '"' or '\'' or '/' or '\\') && c != quote && !(c == '”' && quote == '“'))
            value.Append('\\');
        value.Append(c switch { 'n' => '\n', 't' => '\t', 'r' => '\r', 'b' => '\b', 'f' => '\f', _ => c });
        return 1;
    }
}
