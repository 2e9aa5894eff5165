using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.BuiltIns;

/// <summary>
/// All built-in filters, by name. If a template uses a filter that does not exist, it fails when it applies the filter, not when it is compiled.
/// </summary>
internal static class BuiltInFilters
{
    public delegate Value Filter(Value value, CallArguments arguments);

    private static readonly Dictionary<string, Filter> _filters = new(StringComparer.Ordinal)
    {
        ["abs"] = NumberFilters.Abs,
        ["attr"] = SequenceFilters.Attr,
        ["batch"] = SequenceFilters.Batch,
        ["capitalize"] = StringFilters.Capitalize,
        ["center"] = StringFilters.Center,
        ["count"] = SequenceFilters.Length,
        ["d"] = Default,
        ["default"] = Default,
        ["dictsort"] = SortFilters.DictSort,
        ["e"] = StringFilters.Escape,
        ["escape"] = StringFilters.Escape,
        ["first"] = SequenceFilters.First,
        ["float"] = NumberFilters.Float,
        ["forceescape"] = StringFilters.ForceEscape,
        ["format"] = StringFilters.Format,
        ["groupby"] = SortFilters.GroupBy,
        ["indent"] = StringFilters.Indent,
        ["int"] = NumberFilters.Int,
        ["items"] = SequenceFilters.Items,
        ["join"] = SequenceFilters.Join,
        ["last"] = SequenceFilters.Last,
        ["length"] = SequenceFilters.Length,
        ["list"] = SequenceFilters.List,
        ["lower"] = StringFilters.Lower,
        ["map"] = SelectionFilters.Map,
        ["max"] = SortFilters.Max,
        ["min"] = SortFilters.Min,
        ["reject"] = SelectionFilters.Reject,
        ["rejectattr"] = SelectionFilters.RejectAttr,
        ["replace"] = StringFilters.Replace,
        ["reverse"] = SequenceFilters.Reverse,
        ["round"] = NumberFilters.Round,
        ["safe"] = StringFilters.Safe,
        ["select"] = SelectionFilters.Select,
        ["selectattr"] = SelectionFilters.SelectAttr,
        ["slice"] = SequenceFilters.Slice,
        ["sort"] = SortFilters.Sort,
        ["string"] = StringFilters.String,
        ["sum"] = SequenceFilters.Sum,
        ["title"] = StringFilters.Title,
        ["tojson"] = PythonJsonWriter.Filter,
        ["trim"] = StringFilters.Trim,
        ["truncate"] = StringFilters.Truncate,
        ["unique"] = SortFilters.Unique,
        ["upper"] = StringFilters.Upper,
        ["urlencode"] = StringFilters.UrlEncode,
        ["wordcount"] = StringFilters.WordCount,
        ["xmlattr"] = StringFilters.XmlAttr,
    };

    public static bool Exists(string name) => _filters.ContainsKey(name);

    public static Value Apply(string name, Value value, CallArguments arguments)
    {
        arguments.CountOperation(value);
        return _filters.TryGetValue(name, out Filter? filter)
            ? filter(value, arguments)
            : throw new TemplateException($"No filter named '{name}'.");
    }

    private static Value Default(Value value, CallArguments arguments)
    {
        Value?[] values = arguments.Bind("default_value", "boolean");
        return value is UndefinedValue || (CallArguments.Flag(values[1], false) && !value.IsTrue) ? values[0] ?? StringValue.Empty : value;
    }
}
