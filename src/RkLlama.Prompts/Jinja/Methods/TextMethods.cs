using System.Globalization;
using RkLlama.Prompts.Jinja.Operations;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Methods;

/// <summary>The methods of <c>str</c>.</summary>
internal static class TextMethods
{
    private delegate Value Method(TextValue text, Arguments arguments);

    private static readonly Dictionary<string, Method> _methods = new(StringComparer.Ordinal)
    {
        ["capitalize"] = (text, a) => LetterCase.Capitalize(text, Nothing(a)),
        ["casefold"] = (text, a) => LetterCase.Casefold(text, Nothing(a)),
        ["center"] = (text, a) => TextPadding.Pad(text, a, (missing, width) => (missing / 2) + (missing & width & 1)),
        ["count"] = TextSearching.Count,
        ["endswith"] = (text, a) => TextSearching.IsAt(text, a, atEnd: true),
        ["expandtabs"] = TextPadding.ExpandTabs,
        ["find"] = (text, a) => Integer(TextSearching.Find(text, a, last: false)),
        ["format"] = BraceFormat.Apply,
        ["format_map"] = (text, a) => BraceFormat.ApplyMap(text, a.BindPositional(1, 1)[0]!, a.State),
        ["index"] = (text, a) => Integer(TextSearching.Found(TextSearching.Find(text, a, last: false))),
        ["isalnum"] = (text, a) => All(text, a, letter => IsAlphabetic(letter) || IsNumeric(letter)),
        ["isalpha"] = (text, a) => All(text, a, IsAlphabetic),
        ["isascii"] = (text, a) => BooleanValue.Of(Nothing(a) is not null && System.Text.Ascii.IsValid(text.Text)),
        ["isdecimal"] = (text, a) => All(text, a, letter => Category(letter) is UnicodeCategory.DecimalDigitNumber),
        ["isdigit"] = (text, a) => All(text, a, letter => CharUnicodeInfo.GetDigitValue(letter, 0) >= 0),
        ["isidentifier"] = (text, a) => BooleanValue.Of(Nothing(a) is not null && IsIdentifier(text.Text)),
        ["islower"] = (text, a) => IsCase(text, a, LetterCase.IsLower),
        ["isnumeric"] = (text, a) => All(text, a, IsNumeric),
        ["isprintable"] = (text, a) => BooleanValue.Of(
            text.Text.Length == 0 || All(text, a, letter => PythonText.IsPrintable(PythonText.CodePointAt(letter, 0))).IsTrue),
        ["isspace"] = (text, a) => All(text, a, letter => PythonText.IsSpace(letter[0])),
        ["istitle"] = IsTitle,
        ["isupper"] = (text, a) => IsCase(text, a, LetterCase.IsUpper),
        ["join"] = TextSplitting.Join,
        ["ljust"] = (text, a) => TextPadding.Pad(text, a, static (_, _) => 0),
        ["lower"] = (text, a) => LetterCase.Lower(text, Nothing(a)),
        ["lstrip"] = (text, a) => Strip(text, a, left: true, right: false),
        ["partition"] = (text, a) => TextSplitting.Partition(text, a, last: false),
        ["removeprefix"] = (text, a) => Affix(a) is var affix && affix.Length <= text.Text.Length
            && text.Text.StartsWith(affix, StringComparison.Ordinal) ? text.Slice(affix.Length, text.Text.Length - affix.Length) : text,
        ["removesuffix"] = (text, a) => Affix(a) is var affix && text.Text.EndsWith(affix, StringComparison.Ordinal)
            ? text.Slice(0, text.Text.Length - affix.Length) : text,
        ["replace"] = Replace,
        ["rfind"] = (text, a) => Integer(TextSearching.Find(text, a, last: true)),
        ["rindex"] = (text, a) => Integer(TextSearching.Found(TextSearching.Find(text, a, last: true))),
        ["rjust"] = (text, a) => TextPadding.Pad(text, a, static (missing, _) => missing),
        ["rpartition"] = (text, a) => TextSplitting.Partition(text, a, last: true),
        ["rsplit"] = (text, a) => TextSplitting.Split(text, a, fromEnd: true),
        ["rstrip"] = (text, a) => Strip(text, a, left: false, right: true),
        ["split"] = (text, a) => TextSplitting.Split(text, a, fromEnd: false),
        ["splitlines"] = (text, a) => new ListValue(PythonText.SplitLines(text, Arguments.Flag(a.Bind("keepends")[0], false), a.Budget)),
        ["startswith"] = (text, a) => TextSearching.IsAt(text, a, atEnd: false),
        ["strip"] = (text, a) => Strip(text, a, left: true, right: true),
        ["swapcase"] = (text, a) => LetterCase.SwapCase(text, Nothing(a)),
        ["title"] = (text, a) => LetterCase.Title(text, Nothing(a)),
        ["upper"] = (text, a) => LetterCase.Upper(text, Nothing(a)),
        ["zfill"] = TextPadding.ZeroFill,
        ["encode"] = Unsupported("encode"),
        ["maketrans"] = Unsupported("maketrans"),
        ["translate"] = Unsupported("translate"),
    };

    public static Value? Find(TextValue text, string name) => _methods.TryGetValue(name, out Method? method)
        ? new FunctionValue(name, arguments => method(text, arguments))
        : null;

    /// <summary><c>text.replace(old, with, most)</c>; -1 for all.</summary>
    public static TextValue Replace(TextValue text, TextValue old, TextValue with, int most, RenderBudget budget)
    {
        TextBuilder builder = new(budget);
        string all = text.Text, sought = old.Text;
        int start = 0;
        for (int at = 0; most != 0; most--)
        {
            if (sought.Length == 0)
                at = start == 0 && builder.Length == 0 ? 0 : at >= all.Length ? -1 : at + PythonText.CodePointLength(all, at);
            else
                at = all.IndexOf(sought, start, StringComparison.Ordinal);
            if (at < 0)
                break;
            builder.Append(text, start, at - start);
            builder.Append(with);
            start = at + sought.Length;
            if (sought.Length == 0 && at >= all.Length)
                break;
        }
        builder.Append(text, start, all.Length - start);
        return builder.ToValue().AsMarkup(text.IsMarkup);
    }

    private static TextValue Replace(TextValue text, Arguments arguments)
    {
        Value?[] values = arguments.BindPositional(2, 3);
        TextValue with = Arguments.Text(values[1], "new");
        int most = Arguments.Integer(values[2], "count") ?? -1;
        return Replace(text, Arguments.Text(values[0], "old"), text.IsMarkup ? PythonText.EscapeMarkup(with, arguments.Budget) : with,
            most, arguments.Budget);
    }

    private static TextValue Strip(TextValue text, Arguments arguments, bool left, bool right) =>
        PythonText.Strip(text, Arguments.OptionalText(arguments.BindPositional(0, 1)[0], "chars")?.Text, left, right);

    private static BooleanValue IsTitle(TextValue text, Arguments arguments)
    {
        Nothing(arguments);
        bool any = false, previousCased = false;
        foreach (string letter in Letters(text.Text))
        {
            bool upper = LetterCase.IsUpper(letter), lower = LetterCase.IsLower(letter);
            if (previousCased ? upper : lower)
                return BooleanValue.False;
            previousCased = upper || lower;
            any |= previousCased;
        }
        return BooleanValue.Of(any);
    }

    private static BooleanValue IsCase(TextValue text, Arguments arguments, Func<string, bool> wanted)
    {
        Nothing(arguments);
        return BooleanValue.Of(IsCase(text, wanted));
    }

    /// <summary>Whether there are cased letters and all are of one case.</summary>
    public static bool IsCase(TextValue text, Func<string, bool> wanted)
    {
        bool any = false;
        foreach (string letter in Letters(text.Text))
        {
            if (!LetterCase.IsCased(letter))
                continue;
            if (!wanted(letter))
                return false;
            any = true;
        }
        return any;
    }

    private static BooleanValue All(TextValue text, Arguments arguments, Func<string, bool> wanted)
    {
        Nothing(arguments);
        return BooleanValue.Of(text.Text.Length > 0 && Letters(text.Text).All(wanted));
    }

    private static IEnumerable<string> Letters(string text)
    {
        for (int index = 0; index < text.Length;)
        {
            int length = PythonText.CodePointLength(text, index);
            yield return text.Substring(index, length);
            index += length;
        }
    }

    private static bool IsAlphabetic(string letter) => Category(letter) is <= UnicodeCategory.OtherLetter;

    private static bool IsNumeric(string letter) => CharUnicodeInfo.GetNumericValue(letter, 0) >= 0
        || Category(letter) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    private static bool IsIdentifier(string text) => text.Length > 0 && (text[0] == '_' || char.IsLetter(text[0]))
        && text.All(character => character == '_' || char.IsLetterOrDigit(character));

    private static UnicodeCategory Category(string letter) => CharUnicodeInfo.GetUnicodeCategory(letter, 0);

    private static string Affix(Arguments arguments) => Arguments.Text(arguments.BindPositional(1, 1)[0], "affix").Text;

    private static RenderBudget Nothing(Arguments arguments)
    {
        arguments.BindPositional(0, 0);
        return arguments.Budget;
    }

    private static IntegerValue Integer(int value) => new(value);

    private static Method Unsupported(string name) => (_, _) => throw new TemplateException($"str.{name} is not supported");
}
