using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.BuiltIns;

/// <summary>
/// The filters <c>map</c>, <c>select</c>, <c>reject</c>, <c>selectattr</c> and <c>rejectattr</c>. They return generators, which process an item only when it is
/// read.
/// </summary>
internal static class SelectionFilters
{
    public static Value Map(Value value, CallArguments arguments) => new GeneratorValue(Mapped(value, arguments), arguments.Budget);

    public static Value Select(Value value, CallArguments arguments) => new GeneratorValue(Selected(value, arguments, true, false), arguments.Budget);

    public static Value Reject(Value value, CallArguments arguments) => new GeneratorValue(Selected(value, arguments, false, false), arguments.Budget);

    public static Value SelectAttr(Value value, CallArguments arguments) => new GeneratorValue(Selected(value, arguments, true, true), arguments.Budget);

    public static Value RejectAttr(Value value, CallArguments arguments) => new GeneratorValue(Selected(value, arguments, false, true), arguments.Budget);

    private static IEnumerator<Value> Mapped(Value value, CallArguments arguments)
    {
        if (!value.IsTrue)
            yield break;
        Func<Value, Value> change = Change(arguments);
        IEnumerator<Value> items = value.IterateOrThrow();
        while (items.MoveNext())
        {
            arguments.Budget.Step();
            yield return change(items.Current);
        }
    }

    private static Func<Value, Value> Change(CallArguments arguments)
    {
        if (arguments.Positional.Count > 0)
        {
            string filter = CallArguments.String(arguments.Positional[0], "name").Text;
            CallArguments rest = arguments.Skip(1);
            return item => BuiltInFilters.Apply(filter, item, rest);
        }
        if (arguments.Named.All(item => item.Key != "attribute"))
            throw new TemplateException("map requires a filter argument");
        Value?[] values = arguments.Bind("attribute", "default");
        AttributePath path = new(values[0]!, arguments.Budget);
        Value? missing = values[1] is NoneValue ? null : values[1];
        return item => path.Resolve(item, arguments.Budget, missing);
    }

    private static IEnumerator<Value> Selected(Value value, CallArguments arguments, bool wanted, bool byAttribute)
    {
        if (!value.IsTrue)
            yield break;
        if (byAttribute && arguments.Positional.Count == 0)
            throw new TemplateException("Missing parameter for attribute name");
        AttributePath? path = byAttribute ? new AttributePath(arguments.Positional[0], arguments.Budget) : null;
        CallArguments rest = arguments.Skip(byAttribute ? 1 : 0);
        string? test = rest.Positional.Count > 0 ? CallArguments.String(rest.Positional[0], "name").Text : null;
        CallArguments parameters = rest.Skip(1);
        IEnumerator<Value> items = value.IterateOrThrow();
        while (items.MoveNext())
        {
            arguments.Budget.Step();
            Value part = path is null ? items.Current : path.Resolve(items.Current, arguments.Budget);
            bool holds = test is null ? part.IsTrue : BuiltInTests.Apply(test, part, parameters);
            if (holds == wanted)
                yield return items.Current;
        }
    }
}
