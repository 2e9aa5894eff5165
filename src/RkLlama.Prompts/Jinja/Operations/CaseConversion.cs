using System.Globalization;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Operations;

/// <summary>Python's conversions between upper case and lower case. The result may be longer than the string.</summary>
internal static class CaseConversion
{
    private const char CapitalSigma = '\u03A3';

    // Letters whose upper case has more than one letter, or that .NET does not convert in the invariant culture.
    private static readonly Dictionary<char, string> _specialUpper = new()
    {
        ['\u00DF'] = "SS", ['\u0149'] = "\u02BCN", ['\u01F0'] = "J\u030C", ['\u0390'] = "\u0399\u0308\u0301",
        ['\u03B0'] = "\u03A5\u0308\u0301", ['\u0587'] = "\u0535\u0552", ['\u1E96'] = "H\u0331", ['\u1E97'] = "T\u0308",
        ['\u1E98'] = "W\u030A", ['\u1E99'] = "Y\u030A", ['\u1E9A'] = "A\u02BE", ['\uFB00'] = "FF", ['\uFB01'] = "FI",
        ['\uFB02'] = "FL", ['\uFB03'] = "FFI", ['\uFB04'] = "FFL", ['\uFB05'] = "ST", ['\uFB06'] = "ST",
        ['\u0131'] = "I", ['\u017F'] = "S",
    };

    public static StringValue Upper(StringValue text, RenderBudget budget) => Map(text, budget, static (_, _, letter) => UpperOf(letter));

    public static StringValue Lower(StringValue text, RenderBudget budget) => Map(text, budget, LowerOf);

    public static StringValue Casefold(StringValue text, RenderBudget budget) => Map(text, budget, static (_, _, letter) =>
        letter == "\u1E9E" ? "ss" : letter == "\u03C2" ? "\u03C3" : UpperOf(letter).Length > letter.Length
            ? UpperOf(letter).ToLowerInvariant() : letter == "\u0130" ? "i\u0307" : letter.ToLowerInvariant());

    public static StringValue SwapCase(StringValue text, RenderBudget budget) => Map(text, budget, static (all, index, letter) =>
        IsUpper(letter) ? LowerOf(all, index, letter) : UpperOf(letter));

    /// <summary>Converts the first letter of the string to title case and all others to lower case.</summary>
    public static StringValue Capitalize(StringValue text, RenderBudget budget) => Map(text, budget, static (all, index, letter) =>
        index == 0 ? TitleOf(letter) : LowerOf(all, index, letter));

    /// <summary>Converts a letter to lower case if it directly follows another letter; otherwise to title case.</summary>
    public static StringValue Title(StringValue text, RenderBudget budget) => Map(text, budget, static (all, index, letter) =>
        IsCasedBefore(all, index) ? LowerOf(all, index, letter) : TitleOf(letter));

    public static bool IsUpper(string letter) => Category(letter) is UnicodeCategory.UppercaseLetter || letter[0] is >= '\u2160' and <= '\u216F';

    public static bool IsLower(string letter) =>
        Category(letter) is UnicodeCategory.LowercaseLetter || letter[0] is '\u00AA' or '\u00BA' or (>= '\u2170' and <= '\u217F');

    public static bool IsCased(string letter) => IsUpper(letter) || IsLower(letter) || Category(letter) is UnicodeCategory.TitlecaseLetter;

    private static UnicodeCategory Category(string letter) => CharUnicodeInfo.GetUnicodeCategory(letter, 0);

    private static string UpperOf(string letter) =>
        _specialUpper.TryGetValue(letter[0], out string? special) ? special : letter.ToUpperInvariant();

    private static string TitleOf(string letter)
    {
        string upper = UpperOf(letter);
        return upper.Length > letter.Length ? upper[..1] + upper[1..].ToLowerInvariant() : upper;
    }

    private static string LowerOf(string all, int index, string letter) => letter[0] switch
    {
        '\u0130' => "i\u0307",
        CapitalSigma when IsCasedBefore(all, index) && !IsCasedAfter(all, index + 1) => "\u03C2",
        _ => letter.ToLowerInvariant(),
    };

    private static bool IsCasedBefore(string text, int index)
    {
        if (index == 0)
            return false;
        int start = index > 1 && char.IsSurrogatePair(text[index - 2], text[index - 1]) ? index - 2 : index - 1;
        return IsCased(text[start..index]);
    }

    private static bool IsCasedAfter(string text, int index) =>
        index < text.Length && IsCased(text.Substring(index, PythonStrings.CodePointLength(text, index)));

    private static StringValue Map(StringValue text, RenderBudget budget, Func<string, int, string, string> change)
    {
        string all = text.Text;
        TextBuilder builder = new(budget);
        for (int index = 0; index < all.Length;)
        {
            int length = PythonStrings.CodePointLength(all, index);
            string changed = change(all, index, all.Substring(index, length));
            builder.Append(changed, text.IsFromRequestAt(index));
            index += length;
        }
        return builder.ToValue().AsMarkup(text.IsMarkup);
    }
}
