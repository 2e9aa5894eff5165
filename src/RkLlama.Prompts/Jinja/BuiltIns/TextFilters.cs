using System.Globalization;
using System.Text;
using RkLlama.Prompts.Jinja.Methods;
using RkLlama.Prompts.Jinja.Operations;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.BuiltIns;

/// <summary>Filters that give a text.</summary>
internal static class TextFilters
{
    // How much longer than asked for a text may be before `truncate` cuts it (jinja2's policy).
    private const int TruncateLeeway = 5;

    public static Value String(Value value, Arguments arguments)
    {
        arguments.Bind();
        return Soft(value, arguments);
    }

    public static Value Upper(Value value, Arguments arguments) => LetterCase.Upper(Soft(value, arguments), Budget(arguments));

    public static Value Lower(Value value, Arguments arguments) => LetterCase.Lower(Soft(value, arguments), Budget(arguments));

    public static Value Capitalize(Value value, Arguments arguments) => LetterCase.Capitalize(Soft(value, arguments), Budget(arguments));

    /// <summary>Upper case after white space, hyphens and opening brackets; unlike the method of <c>str</c>.</summary>
    public static Value Title(Value value, Arguments arguments)
    {
        TextValue text = Soft(value, arguments);
        RenderBudget budget = Budget(arguments);
        TextBuilder output = new(budget);
        for (int start = 0; start < text.Text.Length;)
        {
            bool separates = SeparatesWords(text.Text[start]);
            int end = start;
            while (end < text.Text.Length && SeparatesWords(text.Text[end]) == separates)
                end++;
            int first = PythonText.CodePointLength(text.Text, start);
            output.Append(LetterCase.Upper(text.Slice(start, first), budget));
            output.Append(LetterCase.Lower(text.Slice(start + first, end - start - first), budget));
            start = end;
        }
        return output.ToValue();
    }

    public static Value Trim(Value value, Arguments arguments) =>
        PythonText.Strip(Soft(value, arguments), Arguments.OptionalText(arguments.Bind("chars")[0], "chars")?.Text, true, true);

    public static Value Center(Value value, Arguments arguments)
    {
        Value width = arguments.Bind("width")[0] ?? new IntegerValue(80);
        return TextMethods.Find(Soft(value, arguments), "center")!.Call(new Arguments(arguments.State, [width], []));
    }

    public static Value Replace(Value value, Arguments arguments)
    {
        Value?[] values = arguments.Bind("old", "new", "count");
        TextValue old = Arguments.Required(values[0], "old").ToText(arguments.Budget);
        TextValue with = Arguments.Required(values[1], "new").ToText(arguments.Budget);
        int most = values[2] is null or NoneValue ? -1 : Arguments.Integer(values[2], "count")!.Value;
        return TextMethods.Replace(value.ToText(arguments.Budget), old, with, most, arguments.Budget);
    }

    public static Value Indent(Value value, Arguments arguments)
    {
        Value?[] values = arguments.Bind("width", "first", "blank");
        TextValue text = Arguments.Text(value, "s");
        TextValue indention = values[0] is TextValue given
            ? given
            : TextValue.Template(new string(' ', Math.Clamp(Arguments.Integer(values[0], "width") ?? 4, 0, 10_000)));
        bool first = Arguments.Flag(values[1], false), blank = Arguments.Flag(values[2], false);
        TextBuilder output = new(arguments.Budget);
        List<TextValue> lines = PythonText.SplitLines((TextValue)Operators.Add(text, TextValue.Template("\n"), arguments.Budget), false, arguments.Budget);
        for (int i = 0; i < lines.Count; i++)
        {
            if (i > 0)
                output.Append('\n');
            if (i == 0 ? first : blank || lines[i].IsTrue)
                output.Append(indention);
            output.Append(lines[i]);
        }
        return output.ToValue().AsMarkup(text.IsMarkup);
    }

    public static Value Truncate(Value value, Arguments arguments)
    {
        Value?[] values = arguments.Bind("length", "killwords", "end", "leeway");
        if (value is UndefinedValue)
            return value;
        TextValue text = Arguments.Text(value, "s");
        int length = Arguments.Integer(values[0], "length") ?? 255;
        TextValue end = values[2] is null ? TextValue.Template("...") : Arguments.Text(values[2], "end");
        int leeway = values[3] is null or NoneValue ? TruncateLeeway : Arguments.Integer(values[3], "leeway")!.Value;
        if (length < end.Length || leeway < 0)
            throw new TemplateException($"expected length >= {end.Length} and leeway >= 0");
        if (text.Length <= length + leeway)
            return text;
        TextValue kept = text.Slice(0, text.IndexOfCodePoint(length - end.Length!.Value));
        int space = kept.Text.LastIndexOf(' ');
        if (!Arguments.Flag(values[1], false) && space >= 0)
            kept = kept.Slice(0, space);
        return Operators.Add(kept, end, arguments.Budget);
    }

    public static Value Format(Value value, Arguments arguments)
    {
        if (arguments.Positional.Count > 0 && arguments.Named.Count > 0)
            throw new TemplateException("can't handle positional and keyword arguments at the same time");
        Value values = new TupleValue(arguments.Positional);
        if (arguments.Named.Count > 0)
        {
            DictValue named = new();
            foreach ((string name, Value item) in arguments.Named)
                named.Set(name, item);
            values = named;
        }
        return PercentFormat.Apply(Soft(value, arguments), values, arguments.State);
    }

    public static Value Safe(Value value, Arguments arguments)
    {
        arguments.Bind();
        return Soft(value, arguments).AsMarkup();
    }

    public static Value Escape(Value value, Arguments arguments)
    {
        arguments.Bind();
        return PythonText.EscapeMarkup(Soft(value, arguments), arguments.Budget);
    }

    public static Value ForceEscape(Value value, Arguments arguments)
    {
        arguments.Bind();
        return PythonText.EscapeMarkup(value.ToText(arguments.Budget), arguments.Budget);
    }

    public static Value WordCount(Value value, Arguments arguments)
    {
        arguments.Bind();
        int words = 0;
        bool inWord = false;
        foreach (Rune rune in Soft(value, arguments).Text.EnumerateRunes())
        {
            bool isWord = rune.Value == '_' || Rune.IsLetterOrDigit(rune)
                || Rune.GetUnicodeCategory(rune) is UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;
            words += isWord && !inWord ? 1 : 0;
            inWord = isWord;
        }
        return new IntegerValue(words);
    }

    public static Value UrlEncode(Value value, Arguments arguments)
    {
        arguments.Bind();
        TextBuilder output = new(arguments.Budget);
        if (value is TextValue || value.Iterate() is null)
        {
            Quote(value.ToText(arguments.Budget), output, "/", "%20");
            return output.ToValue();
        }
        IEnumerable<Value> pairs = value is DictValue dict
            ? dict.Items.Select(item => new TupleValue([item.Key, item.Value]))
            : value.ToList(arguments.Budget);
        foreach (Value pair in pairs)
        {
            if (pair.ToList(arguments.Budget) is not [var key, var item])
                throw new TemplateException("urlencode expects pairs");
            if (output.Length > 0)
                output.Append('&');
            Quote(key.ToText(arguments.Budget), output, "", "+");
            output.Append('=');
            Quote(item.ToText(arguments.Budget), output, "", "+");
        }
        return output.ToValue();
    }

    public static Value XmlAttr(Value value, Arguments arguments)
    {
        Value?[] values = arguments.Bind("autospace");
        if (value is not DictValue dict)
            throw new TemplateException($"'{value.TypeName}' object has no attribute 'items'");
        TextBuilder output = new(arguments.Budget);
        bool space = Arguments.Flag(values[0], true);
        foreach ((Value key, Value item) in dict.Items)
        {
            if (item is NoneValue or UndefinedValue)
                continue;
            TextValue name = Arguments.Text(key, "key");
            if (name.Text.Any(character => PythonText.IsSpace(character) || character is '/' or '>' or '='))
                throw new TemplateException($"Invalid character in attribute name: {name.Text}");
            if (output.Length > 0 || space)
                output.Append(' ');
            output.Append(PythonText.EscapeMarkup(name, arguments.Budget));
            output.Append("=\"");
            output.Append(PythonText.EscapeMarkup(Soft(item, arguments), arguments.Budget));
            output.Append('"');
        }
        return output.ToValue();
    }

    /// <summary>Markupsafe's <c>soft_str</c>: a text as it is, anything else as <c>str</c> prints it.</summary>
    private static TextValue Soft(Value value, Arguments arguments) => value as TextValue ?? value.ToText(arguments.Budget);

    private static RenderBudget Budget(Arguments arguments)
    {
        arguments.Bind();
        return arguments.Budget;
    }

    private static bool SeparatesWords(char character) => PythonText.IsSpace(character) || character is '-' or '(' or '{' or '[' or '<';

    private static void Quote(TextValue text, TextBuilder output, string unreserved, string space)
    {
        for (int at = 0; at < text.Text.Length;)
        {
            int length = PythonText.CodePointLength(text.Text, at);
            char character = text.Text[at];
            if (char.IsAsciiLetterOrDigit(character) || "_.-~".Contains(character, StringComparison.Ordinal) || unreserved.Contains(character, StringComparison.Ordinal))
                output.Append(text, at, 1);
            else if (character == ' ')
                output.Append(space, text.IsRequestAt(at));
            else
                output.Append(string.Concat(Encoding.UTF8.GetBytes(text.Text, at, length).Select(octet => $"%{octet:X2}")), text.IsRequestAt(at));
            at += length;
        }
    }
}
