using System.Globalization;

namespace RkLlama.Prompts.Jinja.Values;

/// <summary>String functions of Python: code points, white space, <c>repr</c>, and the HTML escaping of the package markupsafe.</summary>
internal static class PythonStrings
{
    /// <summary>
    /// Returns whether <c>str.isspace</c> is true for a character: it has the Unicode property White_Space, or is one of U+001C to U+001F.
    /// </summary>
    public static bool IsSpace(char character) => char.IsWhiteSpace(character) || character is >= '\u001C' and <= '\u001F';

    /// <summary>Returns whether <c>str.splitlines</c> splits a string at this character.</summary>
    public static bool IsLineEnd(char character) => character
        is (>= '\n' and <= '\r') or (>= '\u001C' and <= '\u001E') or '\u0085' or '\u2028' or '\u2029';

    public static int CodePointLength(string text, int index) =>
        index + 1 < text.Length && char.IsSurrogatePair(text[index], text[index + 1]) ? 2 : 1;

    public static int CountCodePoints(ReadOnlySpan<char> text)
    {
        int count = text.Length;
        int at = text.IndexOfAnyInRange('\uD800', '\uDBFF');
        if (at < 0)
            return count;
        for (int i = at; i + 1 < text.Length; i++)
        {
            if (char.IsSurrogatePair(text[i], text[i + 1]))
                count--;
        }
        return count;
    }

    /// <summary>Returns the UTF-16 index of each code point, and the length of the string as the last element.</summary>
    public static int[] CodePointOffsets(string text)
    {
        List<int> offsets = new(text.Length + 1);
        for (int index = 0; index < text.Length; index += CodePointLength(text, index))
            offsets.Add(index);
        offsets.Add(text.Length);
        return [.. offsets];
    }

    public static int CodePointAt(string text, int index) =>
        CodePointLength(text, index) == 2 ? char.ConvertToUtf32(text[index], text[index + 1]) : text[index];

    /// <summary>
    /// Compares two strings by code points, as Python does; returns a negative value, 0 or a positive value. A comparison by UTF-16 units would order
    /// surrogate pairs differently.
    /// </summary>
    public static int Compare(string left, string right)
    {
        int same = left.AsSpan().CommonPrefixLength(right);
        if (same == left.Length || same == right.Length)
            return left.Length.CompareTo(right.Length);
        bool leftAstral = char.IsSurrogate(left[same]), rightAstral = char.IsSurrogate(right[same]);
        return leftAstral == rightAstral ? left[same].CompareTo(right[same]) : leftAstral ? 1 : -1;
    }

    public static StringValue Strip(StringValue text, string? characters, bool left, bool right)
    {
        string all = text.Text;
        HashSet<int>? stripped = characters is null ? null : CodePointsOf(characters);
        int start = 0, end = all.Length;
        while (left && start < end && IsStripped(all, start, stripped, out int length))
            start += length;
        while (right && end > start)
        {
            int length = end - start > 1 && char.IsSurrogatePair(all[end - 2], all[end - 1]) ? 2 : 1;
            if (!IsStripped(all, end - length, stripped, out _))
                break;
            end -= length;
        }
        return text.Slice(start, end - start);
    }

    public static List<StringValue> SplitLines(StringValue text, bool keepEnds, RenderBudget budget)
    {
        List<StringValue> lines = [];
        string all = text.Text;
        for (int start = 0; start < all.Length;)
        {
            int end = start;
            while (end < all.Length && !IsLineEnd(all[end]))
                end++;
            int next = end;
            if (next < all.Length)
                next += all[next] == '\r' && next + 1 < all.Length && all[next + 1] == '\n' ? 2 : 1;
            budget.AddItems(1);
            lines.Add(text.Slice(start, (keepEnds ? next : end) - start));
            start = next;
        }
        return lines;
    }

    public static void WriteRepr(StringValue text, TextBuilder output)
    {
        string all = text.Text;
        char quote = all.Contains('\'', StringComparison.Ordinal) && !all.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        output.Append(quote);
        for (int index = 0; index < all.Length;)
        {
            int length = CodePointLength(all, index);
            if (Escape(CodePointAt(all, index), quote) is { } escape)
                output.Append(escape, text.IsFromRequestAt(index));
            else
                output.Append(text, index, length);
            index += length;
        }
        output.Append(quote);
    }

    /// <summary>Replaces the special characters of HTML by entities, as markupsafe does. Returns <c>Markup</c> unchanged.</summary>
    public static StringValue EscapeMarkup(StringValue text, RenderBudget budget)
    {
        if (text.IsMarkup)
            return text;
        TextBuilder builder = new(budget);
        for (int index = 0; index < text.Text.Length; index++)
        {
            string? entity = text.Text[index] switch
            {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '\'' => "&#39;",
                '"' => "&#34;",
                _ => null,
            };
            if (entity is null)
                builder.Append(text, index, 1);
            else
                builder.Append(entity, text.IsFromRequestAt(index));
        }
        return builder.ToValue().AsMarkup();
    }

    public static bool IsPrintable(int codePoint) => codePoint == ' ' || CharUnicodeInfo.GetUnicodeCategory(codePoint) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);

    private static bool IsStripped(string text, int index, HashSet<int>? stripped, out int length)
    {
        length = CodePointLength(text, index);
        return stripped?.Contains(CodePointAt(text, index)) ?? IsSpace(text[index]);
    }

    private static HashSet<int> CodePointsOf(string text)
    {
        HashSet<int> all = [];
        for (int index = 0; index < text.Length; index += CodePointLength(text, index))
            all.Add(CodePointAt(text, index));
        return all;
    }

    private static string? Escape(int codePoint, char quote) => codePoint switch
    {
        '\\' => @"\\",
        '\n' => @"\n",
        '\r' => @"\r",
        '\t' => @"\t",
        _ when codePoint == quote => $"\\{quote}",
        _ when IsPrintable(codePoint) => null,
        < 0x100 => $"\\x{codePoint:x2}",
        < 0x10000 => $"\\u{codePoint:x4}",
        _ => $"\\U{codePoint:x8}",
    };
}
