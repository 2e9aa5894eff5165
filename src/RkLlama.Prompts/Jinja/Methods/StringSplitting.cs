using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Methods;

/// <summary>The methods of Python's <c>str</c> that split and join strings.</summary>
internal static class StringSplitting
{
    /// <summary>Python's <c>text.split(separator, maxCount)</c>. If <paramref name="maxCount"/> is -1, splits at all separators.</summary>
    public static List<StringValue> Split(StringValue text, string separator, int maxCount, RenderBudget budget)
    {
        List<StringValue> parts = [];
        int start = 0;
        while (parts.Count != maxCount)
        {
            int at = TextSearch.IndexOf(text.Text, separator, budget, start);
            if (at < 0)
                break;
            budget.AddItems(1);
            parts.Add(text.Slice(start, at - start));
            start = at + separator.Length;
        }
        parts.Add(text.Slice(start, text.Text.Length - start));
        return parts;
    }

    public static ListValue Split(StringValue text, CallArguments arguments, bool fromEnd)
    {
        Value?[] values = arguments.Bind("sep", "maxsplit");
        string? separator = CallArguments.OptionalString(values[0], "sep")?.Text;
        int maxCount = CallArguments.Integer(values[1], "maxsplit") ?? -1;
        if (separator is "")
            throw new TemplateException("empty separator");
        List<StringValue> parts = (separator, fromEnd) switch
        {
            (null, false) => SplitAtSpace(text, maxCount, arguments.Budget),
            (null, true) => SplitAtSpaceFromEnd(text, maxCount, arguments.Budget),
            (_, false) => Split(text, separator, maxCount, arguments.Budget),
            _ => SplitFromEnd(text, separator, maxCount, arguments.Budget),
        };
        return new ListValue(parts);
    }

    private static List<StringValue> SplitFromEnd(StringValue text, string separator, int maxCount, RenderBudget budget)
    {
        List<StringValue> parts = [];
        int end = text.Text.Length;
        while (parts.Count != maxCount)
        {
            int at = TextSearch.LastIndexOf(text.Text.AsSpan(0, end), separator, budget);
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

    private static List<StringValue> SplitAtSpace(StringValue text, int maxCount, RenderBudget budget)
    {
        List<StringValue> parts = [];
        string all = text.Text;
        int start = 0;
        while (true)
        {
            while (start < all.Length && PythonStrings.IsSpace(all[start]))
                start++;
            if (start == all.Length)
                return parts;
            int end = start;
            if (parts.Count == maxCount)
                end = all.Length;
            while (end < all.Length && !PythonStrings.IsSpace(all[end]))
                end++;
            budget.AddItems(1);
            parts.Add(text.Slice(start, end - start));
            start = end;
        }
    }

    private static List<StringValue> SplitAtSpaceFromEnd(StringValue text, int maxCount, RenderBudget budget)
    {
        List<StringValue> parts = [];
        string all = text.Text;
        int end = all.Length;
        while (true)
        {
            while (end > 0 && PythonStrings.IsSpace(all[end - 1]))
                end--;
            if (end == 0)
                break;
            int start = parts.Count == maxCount ? 0 : end;
            while (start > 0 && !PythonStrings.IsSpace(all[start - 1]))
                start--;
            budget.AddItems(1);
            parts.Add(text.Slice(start, end - start));
            end = start;
        }
        parts.Reverse();
        return parts;
    }

    public static TupleValue Partition(StringValue text, CallArguments arguments, bool last)
    {
        StringValue separator = CallArguments.String(arguments.BindPositional(1, 1)[0], "sep");
        if (separator.Text.Length == 0)
            throw new TemplateException("empty separator");
        int at = last
            ? TextSearch.LastIndexOf(text.Text, separator.Text, arguments.Budget)
            : TextSearch.IndexOf(text.Text, separator.Text, arguments.Budget);
        StringValue nothing = StringValue.Empty.AsMarkup(text.IsMarkup);
        if (at < 0)
            return new TupleValue(last ? [nothing, nothing, text] : [text, nothing, nothing]);
        int end = at + separator.Text.Length;
        return new TupleValue([text.Slice(0, at), text.Slice(at, end - at), text.Slice(end, text.Text.Length - end)]);
    }

    public static StringValue Join(StringValue text, CallArguments arguments)
    {
        TextBuilder builder = new(arguments.Budget);
        List<Value> items = arguments.BindPositional(1, 1)[0]!.ToList(arguments.Budget);
        for (int i = 0; i < items.Count; i++)
        {
            if (i > 0)
                builder.Append(text);
            if (items[i] is not StringValue item)
            {
                if (!text.IsMarkup)
                    throw new TemplateException($"sequence item {i}: expected str instance, {items[i].TypeName} found");
                item = items[i].ToStringValue(arguments.Budget);
            }
            builder.Append(text.IsMarkup ? PythonStrings.EscapeMarkup(item, arguments.Budget) : item);
        }
        return builder.ToValue().AsMarkup(text.IsMarkup);
    }
}
