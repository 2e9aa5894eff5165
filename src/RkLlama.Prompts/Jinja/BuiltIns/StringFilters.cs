using System.Globalization;
using System.Text;
using RkLlama.Prompts.Jinja.Methods;
using RkLlama.Prompts.Jinja.Operations;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.BuiltIns;

/// <summary>Filters for strings. They convert other values to strings first, if jinja2 does.</summary>
internal static class StringFilters
{
    // The default of jinja2's filter truncate: a string is cut only if it exceeds the requested length by more than this number of characters.
    private const int TruncateLeeway = 5;

    public static Value String(Value value, CallArguments arguments)
    {
        arguments.Bind();
        return ToSoftString(value, arguments);
    }

    public static Value Upper(Value value, CallArguments arguments) => CaseConversion.Upper(ToSoftString(value, arguments), NoArguments(arguments));

    public static Value Lower(Value value, CallArguments arguments) => CaseConversion.Lower(ToSoftString(value, arguments), NoArguments(arguments));

    public static Value Capitalize(Value value, CallArguments arguments) => CaseConversion.Capitalize(ToSoftString(value, arguments), NoArguments(arguments));

    /// <summary>
    /// Converts the first letter of each word to upper case, and all other letters to lower case. Words are separated by white space, hyphens and opening
    /// brackets. The method <c>str.title</c> has other rules.
    /// </summary>
    public static Value Title(Value value, CallArguments arguments)
    {
        StringValue text = ToSoftString(value, arguments);
        RenderBudget budget = NoArguments(arguments);
        TextBuilder output = new(budget);
        for (int start = 0; start < text.Text.Length;)
        {
            bool separates = SeparatesWords(text.Text[start]);
            int end = start;
            while (end < text.Text.Length && SeparatesWords(text.Text[end]) == separates)
                end++;
            int first = PythonStrings.CodePointLength(text.Text, start);
            output.Append(CaseConversion.Upper(text.Slice(start, first), budget));
            output.Append(CaseConversion.Lower(text.Slice(start + first, end - start - first), budget));
            start = end;
        }
        return output.ToValue();
    }

    public static Value Trim(Value value, CallArguments arguments) =>
        PythonStrings.Strip(ToSoftString(value, arguments), CallArguments.OptionalString(arguments.Bind("chars")[0], "chars")?.Text, true, true);

    public static Value Center(Value value, CallArguments arguments)
    {
        Value width = arguments.Bind("width")[0] ?? new IntegerValue(80);
        return StringMethods.Find(ToSoftString(value, arguments), "center")!.Call(new CallArguments(arguments.State, [width], []));
    }

    public static Value Replace(Value value, CallArguments arguments)
    {
        Value?[] values = arguments.Bind("old", "new", "count");
        StringValue old = CallArguments.Required(values[0], "old").ToStringValue(arguments.Budget);
        StringValue replacement = CallArguments.Required(values[1], "new").ToStringValue(arguments.Budget);
        int maxCount = values[2] is null or NoneValue ? -1 : CallArguments.Integer(values[2], "count")!.Value;
        return StringMethods.Replace(value.ToStringValue(arguments.Budget), old, replacement, maxCount, arguments.Budget);
    }

    public static Value Indent(Value value, CallArguments arguments)
    {
        Value?[] values = arguments.Bind("width", "first", "blank");
        StringValue text = CallArguments.String(value, "s");
        StringValue indention = values[0] is StringValue given
            ? given
            : StringValue.FromTemplate(new string(' ', Math.Clamp(CallArguments.Integer(values[0], "width") ?? 4, 0, 10_000)));
        bool first = CallArguments.Flag(values[1], false), blank = CallArguments.Flag(values[2], false);
        TextBuilder output = new(arguments.Budget);
        List<StringValue> lines = PythonStrings.SplitLines((StringValue)PythonOperators.Add(text, StringValue.FromTemplate("\n"), arguments.Budget), false, arguments.Budget);
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

    public static Value Truncate(Value value, CallArguments arguments)
    {
        Value?[] values = arguments.Bind("length", "killwords", "end", "leeway");
        if (value is UndefinedValue)
            return value;
        StringValue text = CallArguments.String(value, "s");
        int length = CallArguments.Integer(values[0], "length") ?? 255;
        StringValue end = values[2] is null ? StringValue.FromTemplate("...") : CallArguments.String(values[2], "end");
        int leeway = values[3] is null or NoneValue ? TruncateLeeway : CallArguments.Integer(values[3], "leeway")!.Value;
        if (length < end.Length || leeway < 0)
            throw new TemplateException($"expected length >= {end.Length} and leeway >= 0");
        if (text.Length <= length + leeway)
            return text;
        StringValue kept = text.Slice(0, text.IndexOfCodePoint(length - end.Length!.Value));
        int space = kept.Text.LastIndexOf(' ');
        if (!CallArguments.Flag(values[1], false) && space >= 0)
            kept = kept.Slice(0, space);
        return PythonOperators.Add(kept, end, arguments.Budget);
    }

    public static Value Format(Value value, CallArguments arguments)
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
        return PercentFormat.Apply(ToSoftString(value, arguments), values, arguments.State);
    }

    public static Value Safe(Value value, CallArguments arguments)
    {
        arguments.Bind();
        return ToSoftString(value, arguments).AsMarkup();
    }

    public static Value Escape(Value value, CallArguments arguments)
    {
        arguments.Bind();
        return PythonStrings.EscapeMarkup(ToSoftString(value, arguments), arguments.Budget);
    }

    public static Value ForceEscape(Value value, CallArguments arguments)
    {
        arguments.Bind();
        return PythonStrings.EscapeMarkup(value.ToStringValue(arguments.Budget), arguments.Budget);
    }

    public static Value WordCount(Value value, CallArguments arguments)
    {
        arguments.Bind();
        int words = 0;
        bool inWord = false;
        foreach (Rune rune in ToSoftString(value, arguments).Text.EnumerateRunes())
        {
            bool isWord = rune.Value == '_' || Rune.IsLetterOrDigit(rune)
                || Rune.GetUnicodeCategory(rune) is UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;
            words += isWord && !inWord ? 1 : 0;
            inWord = isWord;
        }
        return new IntegerValue(words);
    }

    public static Value UrlEncode(Value value, CallArguments arguments)
    {
        arguments.Bind();
        TextBuilder output = new(arguments.Budget);
        if (value is StringValue || value.Iterate() is null)
        {
            Quote(value.ToStringValue(arguments.Budget), output, "/", "%20");
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
            Quote(key.ToStringValue(arguments.Budget), output, "", "+");
            output.Append('=');
            Quote(item.ToStringValue(arguments.Budget), output, "", "+");
        }
        return output.ToValue();
    }

    public static Value XmlAttr(Value value, CallArguments arguments)
    {
        Value?[] values = arguments.Bind("autospace");
        if (value is not DictValue dict)
            throw new TemplateException($"'{value.TypeName}' object has no attribute 'items'");
        TextBuilder output = new(arguments.Budget);
        bool space = CallArguments.Flag(values[0], true);
        foreach ((Value key, Value item) in dict.Items)
        {
            if (item is NoneValue or UndefinedValue)
                continue;
            StringValue name = CallArguments.String(key, "key");
            if (name.Text.Any(character => PythonStrings.IsSpace(character) || character is '/' or '>' or '='))
                throw new TemplateException($"Invalid character in attribute name: {name.Text}");
            if (output.Length > 0 || space)
                output.Append(' ');
            output.Append(PythonStrings.EscapeMarkup(name, arguments.Budget));
            output.Append("=\"");
            output.Append(PythonStrings.EscapeMarkup(ToSoftString(item, arguments), arguments.Budget));
            output.Append('"');
        }
        return output.ToValue();
    }

    /// <summary>markupsafe's <c>soft_str</c>: returns a plain string or <c>Markup</c> unchanged. Converts any other value as <c>str</c> does.</summary>
    private static StringValue ToSoftString(Value value, CallArguments arguments) => value as StringValue ?? value.ToStringValue(arguments.Budget);

    private static RenderBudget NoArguments(CallArguments arguments)
    {
        arguments.Bind();
        return arguments.Budget;
    }

    private static bool SeparatesWords(char character) => PythonStrings.IsSpace(character) || character is '-' or '(' or '{' or '[' or '<';

    private static void Quote(StringValue text, TextBuilder output, string unreserved, string space)
    {
        for (int at = 0; at < text.Text.Length;)
        {
            int length = PythonStrings.CodePointLength(text.Text, at);
            char character = text.Text[at];
            if (char.IsAsciiLetterOrDigit(character) || "_.-~".Contains(character, StringComparison.Ordinal) || unreserved.Contains(character, StringComparison.Ordinal))
                output.Append(text, at, 1);
            else if (character == ' ')
                output.Append(space, text.IsFromRequestAt(at));
            else
                output.Append(string.Concat(Encoding.UTF8.GetBytes(text.Text, at, length).Select(octet => $"%{octet:X2}")), text.IsFromRequestAt(at));
            at += length;
        }
    }
}
