using System.Globalization;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Library;

/// <summary>The methods of <c>str</c>.</summary>
internal static class TextMethods
{
    private delegate Value Method(TextValue text, Arguments arguments);

    private static readonly Dictionary<string, Method> _methods = new(StringComparer.Ordinal)
    {
        ["capitalize"] = (text, a) => LetterCase.Capitalize(text, Nothing(a)),
        ["casefold"] = (text, a) => LetterCase.Casefold(text, Nothing(a)),
        ["center"] = (text, a) => Pad(text, a, (missing, width) => (missing / 2) + (missing & width & 1)),
        ["count"] = Count,
        ["endswith"] = (text, a) => IsAt(text, a, atEnd: true),
        ["expandtabs"] = ExpandTabs,
        ["find"] = (text, a) => Integer(Find(text, a, last: false)),
        ["format"] = BraceFormat.Apply,
        ["format_map"] = (text, a) => BraceFormat.ApplyMap(text, a.BindPositional(1, 1)[0]!, a.State),
        ["index"] = (text, a) => Integer(Found(Find(text, a, last: false))),
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
        ["join"] = Join,
        ["ljust"] = (text, a) => Pad(text, a, static (_, _) => 0),
        ["lower"] = (text, a) => LetterCase.Lower(text, Nothing(a)),
        ["lstrip"] = (text, a) => Strip(text, a, left: true, right: false),
        ["partition"] = (text, a) => Partition(text, a, last: false),
        ["removeprefix"] = (text, a) => Affix(a) is var affix && affix.Length <= text.Text.Length
            && text.Text.StartsWith(affix, StringComparison.Ordinal) ? text.Slice(affix.Length, text.Text.Length - affix.Length) : text,
        ["removesuffix"] = (text, a) => Affix(a) is var affix && text.Text.EndsWith(affix, StringComparison.Ordinal)
            ? text.Slice(0, text.Text.Length - affix.Length) : text,
        ["replace"] = Replace,
        ["rfind"] = (text, a) => Integer(Find(text, a, last: true)),
        ["rindex"] = (text, a) => Integer(Found(Find(text, a, last: true))),
        ["rjust"] = (text, a) => Pad(text, a, static (missing, _) => missing),
        ["rpartition"] = (text, a) => Partition(text, a, last: true),
        ["rsplit"] = (text, a) => Split(text, a, fromEnd: true),
        ["rstrip"] = (text, a) => Strip(text, a, left: false, right: true),
        ["split"] = (text, a) => Split(text, a, fromEnd: false),
        ["splitlines"] = (text, a) => new ListValue(PythonText.SplitLines(text, Arguments.Flag(a.Bind("keepends")[0], false), a.Budget)),
        ["startswith"] = (text, a) => IsAt(text, a, atEnd: false),
        ["strip"] = (text, a) => Strip(text, a, left: true, right: true),
        ["swapcase"] = (text, a) => LetterCase.SwapCase(text, Nothing(a)),
        ["title"] = (text, a) => LetterCase.Title(text, Nothing(a)),
        ["upper"] = (text, a) => LetterCase.Upper(text, Nothing(a)),
        ["zfill"] = ZeroFill,
        ["encode"] = Unsupported("encode"),
        ["maketrans"] = Unsupported("maketrans"),
        ["translate"] = Unsupported("translate"),
    };

    public static Value? Find(TextValue text, string name) => _methods.TryGetValue(name, out Method? method)
        ? new FunctionValue(name, arguments => method(text, arguments))
        : null;

    /// <summary><c>text.split(separator)</c>, from the left.</summary>
    public static List<TextValue> Split(TextValue text, string separator, int most, RenderBudget? budget = null)
    {
        List<TextValue> parts = [];
        int start = 0;
        while (parts.Count != most)
        {
            int at = text.Text.IndexOf(separator, start, StringComparison.Ordinal);
            if (at < 0)
                break;
            budget?.AddItems(1);
            parts.Add(text.Slice(start, at - start));
            start = at + separator.Length;
        }
        parts.Add(text.Slice(start, text.Text.Length - start));
        return parts;
    }

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

    private static ListValue Split(TextValue text, Arguments arguments, bool fromEnd)
    {
        Value?[] values = arguments.Bind("sep", "maxsplit");
        string? separator = Arguments.OptionalText(values[0], "sep")?.Text;
        int most = Arguments.Integer(values[1], "maxsplit") ?? -1;
        if (separator is "")
            throw new TemplateException("empty separator");
        List<TextValue> parts = (separator, fromEnd) switch
        {
            (null, false) => SplitAtSpace(text, most, arguments.Budget),
            (null, true) => SplitAtSpaceFromEnd(text, most, arguments.Budget),
            (_, false) => Split(text, separator, most, arguments.Budget),
            _ => SplitFromEnd(text, separator, most, arguments.Budget),
        };
        return new ListValue(parts);
    }

    private static List<TextValue> SplitFromEnd(TextValue text, string separator, int most, RenderBudget budget)
    {
        List<TextValue> parts = [];
        int end = text.Text.Length;
        while (parts.Count != most)
        {
            int at = text.Text.AsSpan(0, end).LastIndexOf(separator, StringComparison.Ordinal);
            if (at < 0)
                break;
            budget.AddItems(1);
            parts.Add(text.Slice(at + separator.Length, end - at - separator.Length));
            end = at;
        }
        parts.Add(text.Slice(0, end));
        parts.Reverse();
        return parts;
    }

    private static List<TextValue> SplitAtSpace(TextValue text, int most, RenderBudget budget)
    {
        List<TextValue> parts = [];
        string all = text.Text;
        int start = 0;
        while (true)
        {
            while (start < all.Length && PythonText.IsSpace(all[start]))
                start++;
            if (start == all.Length)
                return parts;
            int end = start;
            if (parts.Count == most)
                end = all.Length;
            while (end < all.Length && !PythonText.IsSpace(all[end]))
                end++;
            budget.AddItems(1);
            parts.Add(text.Slice(start, end - start));
            start = end;
        }
    }

    private static List<TextValue> SplitAtSpaceFromEnd(TextValue text, int most, RenderBudget budget)
    {
        List<TextValue> parts = [];
        string all = text.Text;
        int end = all.Length;
        while (true)
        {
            while (end > 0 && PythonText.IsSpace(all[end - 1]))
                end--;
            if (end == 0)
                break;
            int start = parts.Count == most ? 0 : end;
            while (start > 0 && !PythonText.IsSpace(all[start - 1]))
                start--;
            budget.AddItems(1);
            parts.Add(text.Slice(start, end - start));
            end = start;
        }
        parts.Reverse();
        return parts;
    }

    private static TupleValue Partition(TextValue text, Arguments arguments, bool last)
    {
        TextValue separator = Arguments.Text(arguments.BindPositional(1, 1)[0], "sep");
        if (separator.Text.Length == 0)
            throw new TemplateException("empty separator");
        int at = last
            ? text.Text.LastIndexOf(separator.Text, StringComparison.Ordinal)
            : text.Text.IndexOf(separator.Text, StringComparison.Ordinal);
        TextValue nothing = TextValue.Empty.AsMarkup(text.IsMarkup);
        if (at < 0)
            return new TupleValue(last ? [nothing, nothing, text] : [text, nothing, nothing]);
        int end = at + separator.Text.Length;
        return new TupleValue([text.Slice(0, at), text.Slice(at, end - at), text.Slice(end, text.Text.Length - end)]);
    }

    private static TextValue Join(TextValue text, Arguments arguments)
    {
        TextBuilder builder = new(arguments.Budget);
        List<Value> items = arguments.BindPositional(1, 1)[0]!.ToList(arguments.Budget);
        for (int i = 0; i < items.Count; i++)
        {
            if (i > 0)
                builder.Append(text);
            if (items[i] is not TextValue item)
            {
                if (!text.IsMarkup)
                    throw new TemplateException($"sequence item {i}: expected str instance, {items[i].TypeName} found");
                item = items[i].ToText(arguments.Budget);
            }
            builder.Append(text.IsMarkup ? PythonText.EscapeMarkup(item, arguments.Budget) : item);
        }
        return builder.ToValue().AsMarkup(text.IsMarkup);
    }

    /// <summary>The UTF-16 range that optional start and end positions of <c>find</c> and the like leave; null for none.</summary>
    private static (int Start, int End)? Window(TextValue text, Value? start, Value? end)
    {
        int length = text.Length!.Value;
        int from = new SliceValue(start ?? NoneValue.Instance, NoneValue.Instance, NoneValue.Instance).Resolve(length).First;
        int to = new SliceValue(NoneValue.Instance, end ?? NoneValue.Instance, NoneValue.Instance).Resolve(length).Count;
        if (from > to || (start is IntegerValue integer && integer.Number > length))
            return null;
        return (text.IndexOfCodePoint(from), text.IndexOfCodePoint(to));
    }

    private static int Find(TextValue text, Arguments arguments, bool last)
    {
        Value?[] values = arguments.BindPositional(1, 3);
        string sought = Arguments.Text(values[0], "sub").Text;
        if (Window(text, values[1], values[2]) is not var (start, end))
            return -1;
        ReadOnlySpan<char> window = text.Text.AsSpan(start, end - start);
        int at = last ? window.LastIndexOf(sought, StringComparison.Ordinal) : window.IndexOf(sought, StringComparison.Ordinal);
        return at < 0 ? -1 : text.CodePointsBefore(start + at);
    }

    private static IntegerValue Count(TextValue text, Arguments arguments)
    {
        Value?[] values = arguments.BindPositional(1, 3);
        string sought = Arguments.Text(values[0], "sub").Text;
        if (Window(text, values[1], values[2]) is not var (start, end))
            return Integer(0);
        ReadOnlySpan<char> window = text.Text.AsSpan(start, end - start);
        return Integer(sought.Length == 0 ? PythonText.CountCodePoints(window) + 1 : window.Count(sought));
    }

    private static BooleanValue IsAt(TextValue text, Arguments arguments, bool atEnd)
    {
        Value?[] values = arguments.BindPositional(1, 3);
        IReadOnlyList<Value> affixes = values[0] is TupleValue tuple ? tuple.Items : [Arguments.Text(values[0], "prefix")];
        if (Window(text, values[1], values[2]) is not var (start, end))
            return BooleanValue.False;
        foreach (Value affix in affixes)
        {
            ReadOnlySpan<char> window = text.Text.AsSpan(start, end - start);
            string sought = Arguments.Text(affix, "prefix").Text;
            if (atEnd ? window.EndsWith(sought, StringComparison.Ordinal) : window.StartsWith(sought, StringComparison.Ordinal))
                return BooleanValue.True;
        }
        return BooleanValue.False;
    }

    /// <summary>Pads to a width; <paramref name="left"/> says how much of what is missing goes in front.</summary>
    private static TextValue Pad(TextValue text, Arguments arguments, Func<int, int, int> left)
    {
        Value?[] values = arguments.BindPositional(1, 2);
        int width = Arguments.Integer(values[0], "width")!.Value;
        TextValue fill = values[1] is null ? TextValue.Template(" ") : Arguments.Text(values[1], "fillchar");
        if (fill.Length != 1)
            throw new TemplateException("The fill character must be exactly one character long");
        int missing = width - text.Length!.Value;
        if (missing <= 0)
            return text;
        arguments.Budget.Grow(missing);
        int before = left(missing, width);
        TextBuilder builder = new(arguments.Budget);
        for (int i = 0; i < before; i++)
            builder.Append(fill);
        builder.Append(text);
        for (int i = before; i < missing; i++)
            builder.Append(fill);
        return builder.ToValue().AsMarkup(text.IsMarkup);
    }

    private static TextValue ZeroFill(TextValue text, Arguments arguments)
    {
        int missing = Arguments.Integer(arguments.BindPositional(1, 1)[0], "width")!.Value - text.Length!.Value;
        if (missing <= 0)
            return text;
        arguments.Budget.Grow(missing);
        int sign = text.Text is ['+' or '-', ..] ? 1 : 0;
        TextBuilder builder = new(arguments.Budget);
        builder.Append(text, 0, sign);
        builder.Append(new string('0', missing));
        builder.Append(text, sign, text.Text.Length - sign);
        return builder.ToValue().AsMarkup(text.IsMarkup);
    }

    private static TextValue ExpandTabs(TextValue text, Arguments arguments)
    {
        int size = Arguments.Integer(arguments.Bind("tabsize")[0], "tabsize") ?? 8;
        TextBuilder builder = new(arguments.Budget);
        int column = 0;
        for (int i = 0; i < text.Text.Length; i++)
        {
            char character = text.Text[i];
            if (character == '\t')
            {
                int width = size > 0 ? size - (column % size) : 0;
                arguments.Budget.Grow(width);
                builder.Append(new string(' ', width));
                column += width;
                continue;
            }
            builder.Append(text, i, 1);
            column = character is '\n' or '\r' ? 0 : char.IsLowSurrogate(character) ? column : column + 1;
        }
        return builder.ToValue().AsMarkup(text.IsMarkup);
    }

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

    private static int Found(int position) => position >= 0 ? position : throw new TemplateException("substring not found");

    private static Method Unsupported(string name) => (_, _) => throw new TemplateException($"str.{name} is not supported");
}
