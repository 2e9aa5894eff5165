using System.Globalization;
using RkLlama.Prompts.Jinja.Operations;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Methods;

/// <summary>The methods of Python's <c>str</c>.</summary>
internal static class StringMethods
{
    private delegate Value Method(StringValue text, CallArguments arguments);

    private static readonly Dictionary<string, Method> _methods = new(StringComparer.Ordinal)
    {
        ["capitalize"] = (text, a) => CaseConversion.Capitalize(text, NoArguments(a)),
        ["casefold"] = (text, a) => CaseConversion.Casefold(text, NoArguments(a)),
        ["center"] = (text, a) => StringPadding.Pad(text, a, (missing, width) => (missing / 2) + (missing & width & 1)),
        ["count"] = StringSearch.Count,
        ["endswith"] = (text, a) => StringSearch.HasAffix(text, a, atEnd: true),
        ["expandtabs"] = StringPadding.ExpandTabs,
        ["find"] = (text, a) => Integer(StringSearch.Find(text, a, last: false)),
        ["format"] = BraceFormat.Apply,
        ["format_map"] = (text, a) => BraceFormat.ApplyMap(text, a.BindPositional(1, 1)[0]!, a.State),
        ["index"] = (text, a) => Integer(StringSearch.RequireFound(StringSearch.Find(text, a, last: false))),
        ["isalnum"] = (text, a) => All(text, a, letter => IsAlphabetic(letter) || IsNumeric(letter)),
        ["isalpha"] = (text, a) => All(text, a, IsAlphabetic),
        ["isascii"] = (text, a) => BooleanValue.Of(NoArguments(a) is not null && System.Text.Ascii.IsValid(text.Text)),
        ["isdecimal"] = (text, a) => All(text, a, letter => Category(letter) is UnicodeCategory.DecimalDigitNumber),
        ["isdigit"] = (text, a) => All(text, a, letter => CharUnicodeInfo.GetDigitValue(letter, 0) >= 0),
        ["isidentifier"] = (text, a) => BooleanValue.Of(NoArguments(a) is not null && IsIdentifier(text.Text)),
        ["islower"] = (text, a) => IsCase(text, a, CaseConversion.IsLower),
        ["isnumeric"] = (text, a) => All(text, a, IsNumeric),
        ["isprintable"] = (text, a) => BooleanValue.Of(
            text.Text.Length == 0 || All(text, a, letter => PythonStrings.IsPrintable(PythonStrings.CodePointAt(letter, 0))).IsTrue),
        ["isspace"] = (text, a) => All(text, a, letter => PythonStrings.IsSpace(letter[0])),
        ["istitle"] = IsTitle,
        ["isupper"] = (text, a) => IsCase(text, a, CaseConversion.IsUpper),
        ["join"] = StringSplitting.Join,
        ["ljust"] = (text, a) => StringPadding.Pad(text, a, static (_, _) => 0),
        ["lower"] = (text, a) => CaseConversion.Lower(text, NoArguments(a)),
        ["lstrip"] = (text, a) => Strip(text, a, left: true, right: false),
        ["partition"] = (text, a) => StringSplitting.Partition(text, a, last: false),
        ["removeprefix"] = (text, a) => Affix(a) is var affix && affix.Length <= text.Text.Length
            && text.Text.StartsWith(affix, StringComparison.Ordinal) ? text.Slice(affix.Length, text.Text.Length - affix.Length) : text,
        ["removesuffix"] = (text, a) => Affix(a) is var affix && text.Text.EndsWith(affix, StringComparison.Ordinal)
            ? text.Slice(0, text.Text.Length - affix.Length) : text,
        ["replace"] = Replace,
        ["rfind"] = (text, a) => Integer(StringSearch.Find(text, a, last: true)),
        ["rindex"] = (text, a) => Integer(StringSearch.RequireFound(StringSearch.Find(text, a, last: true))),
        ["rjust"] = (text, a) => StringPadding.Pad(text, a, static (missing, _) => missing),
        ["rpartition"] = (text, a) => StringSplitting.Partition(text, a, last: true),
        ["rsplit"] = (text, a) => StringSplitting.Split(text, a, fromEnd: true),
        ["rstrip"] = (text, a) => Strip(text, a, left: false, right: true),
        ["split"] = (text, a) => StringSplitting.Split(text, a, fromEnd: false),
        ["splitlines"] = (text, a) => new ListValue(PythonStrings.SplitLines(text, CallArguments.Flag(a.Bind("keepends")[0], false), a.Budget)),
        ["startswith"] = (text, a) => StringSearch.HasAffix(text, a, atEnd: false),
        ["strip"] = (text, a) => Strip(text, a, left: true, right: true),
        ["swapcase"] = (text, a) => CaseConversion.SwapCase(text, NoArguments(a)),
        ["title"] = (text, a) => CaseConversion.Title(text, NoArguments(a)),
        ["upper"] = (text, a) => CaseConversion.Upper(text, NoArguments(a)),
        ["zfill"] = StringPadding.ZeroFill,
        ["encode"] = Unsupported("encode"),
        ["maketrans"] = Unsupported("maketrans"),
        ["translate"] = Unsupported("translate"),
    };

    public static Value? Find(StringValue text, string name) => _methods.TryGetValue(name, out Method? method)
        ? new FunctionValue(name, arguments =>
        {
            arguments.CountOperation(text);
            return method(text, arguments);
        })
        : null;

    /// <summary>Python's <c>text.replace(old, replacement, maxCount)</c>. If <paramref name="maxCount"/> is -1, replaces all occurrences.</summary>
    public static StringValue Replace(StringValue text, StringValue old, StringValue replacement, int maxCount, RenderBudget budget)
    {
        TextBuilder builder = new(budget);
        string all = text.Text, search = old.Text;
        int start = 0;
        for (int at = 0; maxCount != 0; maxCount--)
        {
            if (search.Length == 0)
                at = start == 0 && builder.Length == 0 ? 0 : at >= all.Length ? -1 : at + PythonStrings.CodePointLength(all, at);
            else
                at = TextSearch.IndexOf(all, search, budget, start);
            if (at < 0)
                break;
            builder.Append(text, start, at - start);
            builder.Append(replacement);
            start = at + search.Length;
            if (search.Length == 0 && at >= all.Length)
                break;
        }
        builder.Append(text, start, all.Length - start);
        return builder.ToValue().AsMarkup(text.IsMarkup);
    }

    private static StringValue Replace(StringValue text, CallArguments arguments)
    {
        Value?[] values = arguments.BindPositional(2, 3);
        StringValue replacement = CallArguments.String(values[1], "new");
        int maxCount = CallArguments.Integer(values[2], "count") ?? -1;
        return Replace(text, CallArguments.String(values[0], "old"), text.IsMarkup ? PythonStrings.EscapeMarkup(replacement, arguments.Budget) : replacement,
            maxCount, arguments.Budget);
    }

    private static StringValue Strip(StringValue text, CallArguments arguments, bool left, bool right) =>
        PythonStrings.Strip(text, CallArguments.OptionalString(arguments.BindPositional(0, 1)[0], "chars")?.Text, left, right);

    private static BooleanValue IsTitle(StringValue text, CallArguments arguments)
    {
        NoArguments(arguments);
        bool any = false, previousCased = false;
        foreach (string letter in Letters(text.Text))
        {
            bool upper = CaseConversion.IsUpper(letter), lower = CaseConversion.IsLower(letter);
            if (previousCased ? upper : lower)
                return BooleanValue.False;
            previousCased = upper || lower;
            any |= previousCased;
        }
        return BooleanValue.Of(any);
    }

    private static BooleanValue IsCase(StringValue text, CallArguments arguments, Func<string, bool> wanted)
    {
        NoArguments(arguments);
        return BooleanValue.Of(IsCase(text, wanted));
    }

    /// <summary>
    /// Python's <c>str.isupper</c> or <c>str.islower</c>: returns whether all letters with a case have the wanted case. False if there are no such letters.
    /// </summary>
    /// <param name="wanted">Returns whether a letter, given as a string of one code point, has the wanted case.</param>
    public static bool IsCase(StringValue text, Func<string, bool> wanted)
    {
        bool any = false;
        foreach (string letter in Letters(text.Text))
        {
            if (!CaseConversion.IsCased(letter))
                continue;
            if (!wanted(letter))
                return false;
            any = true;
        }
        return any;
    }

    private static BooleanValue All(StringValue text, CallArguments arguments, Func<string, bool> wanted)
    {
        NoArguments(arguments);
        return BooleanValue.Of(text.Text.Length > 0 && Letters(text.Text).All(wanted));
    }

    private static IEnumerable<string> Letters(string text)
    {
        for (int index = 0; index < text.Length;)
        {
            int length = PythonStrings.CodePointLength(text, index);
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

    private static string Affix(CallArguments arguments) => CallArguments.String(arguments.BindPositional(1, 1)[0], "affix").Text;

    private static RenderBudget NoArguments(CallArguments arguments)
    {
        arguments.BindPositional(0, 0);
        return arguments.Budget;
    }

    private static IntegerValue Integer(int value) => new(value);

    private static Method Unsupported(string name) => (_, _) => throw new TemplateException($"str.{name} is not supported");
}
