using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Methods;

/// <summary>The methods of Python's <c>str</c> that search for a substring. Their arguments and results are positions in code points.</summary>
internal static class StringSearch
{
    public static int Find(StringValue text, CallArguments arguments, bool last)
    {
        Value?[] values = arguments.BindPositional(1, 3);
        string search = CallArguments.String(values[0], "sub").Text;
        if (ResolveRange(text, values[1], values[2]) is not var (start, end))
            return -1;
        ReadOnlySpan<char> window = text.Text.AsSpan(start, end - start);
        int at = last ? TextSearch.LastIndexOf(window, search, arguments.Budget) : TextSearch.IndexOf(window, search, arguments.Budget);
        return at < 0 ? -1 : text.CodePointsBefore(start + at);
    }

    public static IntegerValue Count(StringValue text, CallArguments arguments)
    {
        Value?[] values = arguments.BindPositional(1, 3);
        string search = CallArguments.String(values[0], "sub").Text;
        if (ResolveRange(text, values[1], values[2]) is not var (start, end))
            return new IntegerValue(0);
        ReadOnlySpan<char> window = text.Text.AsSpan(start, end - start);
        return new IntegerValue(search.Length == 0 ? PythonStrings.CountCodePoints(window) + 1 : TextSearch.Count(window, search, arguments.Budget));
    }

    public static BooleanValue HasAffix(StringValue text, CallArguments arguments, bool atEnd)
    {
        Value?[] values = arguments.BindPositional(1, 3);
        IReadOnlyList<Value> affixes = values[0] is TupleValue tuple ? tuple.Items : [CallArguments.String(values[0], "prefix")];
        if (ResolveRange(text, values[1], values[2]) is not var (start, end))
            return BooleanValue.False;
        foreach (Value affix in affixes)
        {
            ReadOnlySpan<char> window = text.Text.AsSpan(start, end - start);
            string search = CallArguments.String(affix, "prefix").Text;
            if (atEnd ? window.EndsWith(search, StringComparison.Ordinal) : window.StartsWith(search, StringComparison.Ordinal))
                return BooleanValue.True;
        }
        return BooleanValue.False;
    }

    public static int RequireFound(int position) => position >= 0 ? position : throw new TemplateException("substring not found");

    /// <summary>
    /// Converts the arguments <paramref name="start"/> and <paramref name="end"/>, which may be missing, to a range of UTF-16 units. Returns null if the start
    /// is after the end, so that not even an empty string matches.
    /// </summary>
    private static (int Start, int End)? ResolveRange(StringValue text, Value? start, Value? end)
    {
        int length = text.Length!.Value;
        int from = new SliceValue(start ?? NoneValue.Instance, NoneValue.Instance, NoneValue.Instance).Resolve(length).First;
        int to = new SliceValue(NoneValue.Instance, end ?? NoneValue.Instance, NoneValue.Instance).Resolve(length).Count;
        if (from > to || (start is IntegerValue integer && integer.Number > length))
            return null;
        return (text.IndexOfCodePoint(from), text.IndexOfCodePoint(to));
    }
}
