using System.Buffers;
using System.Globalization;

namespace RkLlama.Engine.Diagnostics;

/// <summary>Limits the length of text from clients in errors and log lines, and makes the characters visible that change the direction of text.</summary>
internal static class Excerpt
{
    /// <summary>Maximum number of characters (UTF-16 code units) of an excerpt, without the ellipsis.</summary>
    internal const int MaxLength = 200;

    // The characters with the Unicode property Bidi_Control. A terminal or a page shows the text after them in another order than it has.
    private static readonly SearchValues<char> Bidirectional =
        SearchValues.Create("\u061C\u200E\u200F\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069");

    /// <summary>
    /// Returns the text, or its first <see cref="MaxLength"/> characters and an ellipsis. Does not split a surrogate pair. Bidirectional controls become
    /// escapes such as <c>\u202E</c>.
    /// </summary>
    internal static string Of(string? text) => text switch
    {
        null => "",
        { Length: <= MaxLength } => Visible(text),
        _ => Visible(text[..(char.IsHighSurrogate(text[MaxLength - 1]) ? MaxLength - 1 : MaxLength)]) + "…",
    };

    private static string Visible(string text) => text.AsSpan().ContainsAny(Bidirectional)
        ? string.Concat(text.Select(static unit => Bidirectional.Contains(unit) ? string.Create(CultureInfo.InvariantCulture, $"\\u{(int)unit:X4}") : unit.ToString()))
        : text;
}
