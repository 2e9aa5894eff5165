using RkLlama.Prompts.Jinja.Methods;
using RkLlama.Prompts.Jinja.Operations;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.BuiltIns;

/// <summary>Filters that order items.</summary>
internal static class SortFilters
{
    private static readonly string[] _groupFields = ["grouper", "list"];

    public static Value Sort(Value value, Arguments arguments)
    {
        Value?[] values = arguments.Bind("reverse", "case_sensitive", "attribute");
        bool caseSensitive = Arguments.Flag(values[1], false);
        List<ItemPath> paths = values[2] switch
        {
            TextValue text => [.. TextSplitting.Split(text, ",", -1).Select(part => new ItemPath(part))],
            null or NoneValue => [],
            _ => [new ItemPath(values[2]!)],
        };
        Value Key(Value item) => paths.Count == 0
            ? Folded(item, caseSensitive, arguments.Budget)
            : new ListValue([.. paths.Select(path => Folded(path.Of(item, arguments.Budget), caseSensitive, arguments.Budget))]);
        return new ListValue(Sorted(value.ToList(arguments.Budget), Key, Arguments.Flag(values[0], false), arguments.Budget));
    }

    public static Value DictSort(Value value, Arguments arguments)
    {
        Value?[] values = arguments.Bind("case_sensitive", "by", "reverse");
        string by = values[1] is null ? "key" : Arguments.Text(values[1], "by").Text;
        if (by is not ("key" or "value"))
            throw new TemplateException("You can only sort by either \"key\" or \"value\"");
        if (value is not DictValue dict)
            throw (value as UndefinedValue)?.Error() ?? new TemplateException($"'{value.TypeName}' object has no attribute 'items'");
        bool caseSensitive = Arguments.Flag(values[0], false);
        List<Value> items = [.. dict.Items.Select(item => new TupleValue([item.Key, item.Value]))];
        Value Key(Value item) => Folded(((TupleValue)item).Items[by == "key" ? 0 : 1], caseSensitive, arguments.Budget);
        return new ListValue(Sorted(items, Key, Arguments.Flag(values[2], false), arguments.Budget));
    }

    public static Value Min(Value value, Arguments arguments) => Extreme(value, arguments, -1, "<");

    public static Value Max(Value value, Arguments arguments) => Extreme(value, arguments, 1, ">");

    public static Value Unique(Value value, Arguments arguments)
    {
        Value?[] values = arguments.Bind("case_sensitive", "attribute");
        return new GeneratorValue(Distinct(value, KeyOf(values[0], values[1], null, arguments.Budget), arguments.Budget), arguments.Budget);
    }

    public static Value GroupBy(Value value, Arguments arguments)
    {
        Value?[] values = arguments.Bind("attribute", "default", "case_sensitive");
        Value attribute = Arguments.Required(values[0], "attribute");
        Value? missing = values[1] is NoneValue ? null : values[1];
        Func<Value, Value> key = KeyOf(values[2], attribute, missing, arguments.Budget);
        ItemPath path = new(attribute);
        List<Value> groups = [];
        List<Value> current = [];
        Value? currentKey = null;
        void Close()
        {
            if (current.Count > 0)
                groups.Add(new TupleValue([path.Of(current[0], arguments.Budget, missing), new ListValue(current)], _groupFields));
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

    private static Value Extreme(Value value, Arguments arguments, int sign, string operation)
    {
        Value?[] values = arguments.Bind("case_sensitive", "attribute");
        Func<Value, Value> key = KeyOf(values[0], values[1], null, arguments.Budget);
        Value? best = null, bestKey = null;
        IEnumerator<Value> items = value.IterateOrThrow();
        while (items.MoveNext())
        {
            arguments.Budget.Step();
            Value itemKey = key(items.Current);
            if (bestKey is not null && Operators.Compare(itemKey, bestKey, operation, arguments.Budget) * sign is not > 0)
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
            budget.Step();
            if (seen.Add(key(items.Current)))
                yield return items.Current;
        }
    }

    private static Func<Value, Value> KeyOf(Value? caseSensitive, Value? attribute, Value? missing, RenderBudget budget)
    {
        ItemPath? path = attribute is null or NoneValue ? null : new ItemPath(attribute);
        bool sensitive = Arguments.Flag(caseSensitive, false);
        return item => Folded(path is null ? item : path.Of(item, budget, missing), sensitive, budget);
    }

    private static Value Folded(Value value, bool caseSensitive, RenderBudget budget) =>
        value is TextValue text && !caseSensitive ? LetterCase.Lower(text, budget) : value;

    private static List<Value> Sorted(List<Value> items, Func<Value, Value> key, bool reverse, RenderBudget budget)
    {
        (Value Key, Value Item)[] keyed = [.. items.Select(item => (key(item), item))];
        return [.. StableSort.Sort(keyed, pair => pair.Key, reverse, budget).Select(pair => pair.Item)];
    }
}
