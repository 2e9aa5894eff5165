using RkLlama.Prompts.Jinja.Methods;
using RkLlama.Prompts.Jinja.Operations;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.BuiltIns;

/// <summary>Filters that compare items: for sorting, grouping, minimum and maximum, and removal of duplicates.</summary>
internal static class SortFilters
{
    private static readonly string[] _groupFields = ["grouper", "list"];

    public static Value Sort(Value value, CallArguments arguments)
    {
        Value?[] values = arguments.Bind("reverse", "case_sensitive", "attribute");
        bool caseSensitive = CallArguments.Flag(values[1], false);
        List<AttributePath> paths = values[2] switch
        {
            StringValue text => [.. StringSplitting.Split(text, ",", -1, arguments.Budget).Select(part => new AttributePath(part, arguments.Budget))],
            null or NoneValue => [],
            _ => [new AttributePath(values[2]!, arguments.Budget)],
        };
        Value Key(Value item) => paths.Count == 0
            ? FoldCase(item, caseSensitive, arguments.Budget)
            : new ListValue([.. paths.Select(path => FoldCase(path.Resolve(item, arguments.Budget), caseSensitive, arguments.Budget))]);
        return new ListValue(Sorted(value.ToList(arguments.Budget), Key, CallArguments.Flag(values[0], false), arguments.Budget));
    }

    public static Value DictSort(Value value, CallArguments arguments)
    {
        Value?[] values = arguments.Bind("case_sensitive", "by", "reverse");
        string by = values[1] is null ? "key" : CallArguments.String(values[1], "by").Text;
        if (by is not ("key" or "value"))
            throw new TemplateException("You can only sort by either \"key\" or \"value\"");
        if (value is not DictValue dict)
            throw (value as UndefinedValue)?.Error() ?? new TemplateException($"'{value.TypeName}' object has no attribute 'items'");
        bool caseSensitive = CallArguments.Flag(values[0], false);
        List<Value> items = [.. dict.Items.Select(item => new TupleValue([item.Key, item.Value]))];
        Value Key(Value item) => FoldCase(((TupleValue)item).Items[by == "key" ? 0 : 1], caseSensitive, arguments.Budget);
        return new ListValue(Sorted(items, Key, CallArguments.Flag(values[2], false), arguments.Budget));
    }

    public static Value Min(Value value, CallArguments arguments) => Extreme(value, arguments, -1, "<");

    public static Value Max(Value value, CallArguments arguments) => Extreme(value, arguments, 1, ">");

    public static Value Unique(Value value, CallArguments arguments)
    {
        Value?[] values = arguments.Bind("case_sensitive", "attribute");
        return new GeneratorValue(Distinct(value, KeyOf(values[0], values[1], null, arguments.Budget), arguments.Budget), arguments.Budget);
    }

    public static Value GroupBy(Value value, CallArguments arguments)
    {
        Value?[] values = arguments.Bind("attribute", "default", "case_sensitive");
        Value attribute = CallArguments.Required(values[0], "attribute");
        Value? missing = values[1] is NoneValue ? null : values[1];
        Func<Value, Value> key = KeyOf(values[2], attribute, missing, arguments.Budget);
        AttributePath path = new(attribute, arguments.Budget);
        List<Value> groups = [];
        List<Value> current = [];
        Value? currentKey = null;
        void Close()
        {
            if (current.Count > 0)
                groups.Add(new TupleValue([path.Resolve(current[0], arguments.Budget, missing), new ListValue(current)], _groupFields));
        }
        foreach (Value item in Sorted(value.ToList(arguments.Budget), key, false, arguments.Budget))
        {
            Value itemKey = key(item);
            if (currentKey is null || !currentKey.IsSameAs(itemKey, arguments.Budget))
            {
                Close();
                current = [];
                currentKey = itemKey;
            }
            current.Add(item);
        }
        Close();
        return new ListValue(groups);
    }

    private static Value Extreme(Value value, CallArguments arguments, int sign, string operation)
    {
        Value?[] values = arguments.Bind("case_sensitive", "attribute");
        Func<Value, Value> key = KeyOf(values[0], values[1], null, arguments.Budget);
        Value? best = null, bestKey = null;
        IEnumerator<Value> items = value.IterateOrThrow();
        while (items.MoveNext())
        {
            arguments.Budget.Step();
            Value itemKey = key(items.Current);
            if (bestKey is not null && PythonOperators.Compare(itemKey, bestKey, operation, arguments.Budget) * sign is not > 0)
                continue;
            (best, bestKey) = (items.Current, itemKey);
        }
        return best ?? new UndefinedValue("No aggregated item, sequence was empty.");
    }

    private static IEnumerator<Value> Distinct(Value value, Func<Value, Value> key, RenderBudget budget)
    {
        HashSet<Value> seen = new(ValueComparer.Instance);
        IEnumerator<Value> items = value.IterateOrThrow();
        while (items.MoveNext())
        {
            Value itemKey = key(items.Current);
            budget.Step(itemKey.Size);
            if (seen.Add(itemKey))
                yield return items.Current;
        }
    }

    private static Func<Value, Value> KeyOf(Value? caseSensitive, Value? attribute, Value? missing, RenderBudget budget)
    {
        AttributePath? path = attribute is null or NoneValue ? null : new AttributePath(attribute, budget);
        bool sensitive = CallArguments.Flag(caseSensitive, false);
        return item => FoldCase(path is null ? item : path.Resolve(item, budget, missing), sensitive, budget);
    }

    private static Value FoldCase(Value value, bool caseSensitive, RenderBudget budget) =>
        value is StringValue text && !caseSensitive ? CaseConversion.Lower(text, budget) : value;

    private static List<Value> Sorted(List<Value> items, Func<Value, Value> key, bool reverse, RenderBudget budget)
    {
        (Value Key, Value Item)[] keyed = [.. items.Select(item => (key(item), item))];
        return [.. StableSort.Sort(keyed, pair => pair.Key, reverse, budget).Select(pair => pair.Item)];
    }
}
