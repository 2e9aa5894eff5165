using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Methods;

/// <summary>Methods of <c>str</c> that take texts apart and join them.</summary>
internal static class TextSplitting
{
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

    public static ListValue Split(TextValue text, Arguments arguments, bool fromEnd)
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

    public static TupleValue Partition(TextValue text, Arguments arguments, bool last)
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

    public static TextValue Join(TextValue text, Arguments arguments)
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
}
