using RkLlama.Prompts.Jinja.Methods;
using RkLlama.Prompts.Jinja.Operations;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.BuiltIns;

/// <summary>Filters for sequences and dicts, except those that sort, compare or select items.</summary>
internal static class SequenceFilters
{
    public static Value Length(Value value, CallArguments arguments)
    {
        arguments.Bind();
        return new IntegerValue(value.Length ?? throw new TemplateException($"object of type '{value.TypeName}' has no len()"));
    }

    public static Value List(Value value, CallArguments arguments)
    {
        arguments.Bind();
        return new ListValue(value.ToList(arguments.Budget));
    }

    public static Value First(Value value, CallArguments arguments)
    {
        arguments.Bind();
        IEnumerator<Value> items = value.IterateOrThrow();
        return items.MoveNext() ? items.Current : new UndefinedValue("No first item, sequence was empty.");
    }

    public static Value Last(Value value, CallArguments arguments)
    {
        arguments.Bind();
        IEnumerator<Value> items = value.IterateReversed() ?? throw new TemplateException($"'{value.TypeName}' object is not reversible");
        return items.MoveNext() ? items.Current : new UndefinedValue("No last item, sequence was empty.");
    }

    public static Value Reverse(Value value, CallArguments arguments)
    {
        arguments.Bind();
        if (value is StringValue text)
            return text.FindItem(new SliceValue(NoneValue.Instance, NoneValue.Instance, new IntegerValue(-1)), arguments.Budget)!;
        if (value.IterateReversed() is { } backwards)
            return new GeneratorValue(backwards, arguments.Budget);
        List<Value> items = value.ToList(arguments.Budget);
        items.Reverse();
        return new ListValue(items);
    }

    public static Value Join(Value value, CallArguments arguments)
    {
        Value?[] values = arguments.Bind("d", "attribute");
        StringValue separator = (values[0] ?? StringValue.Empty).ToStringValue(arguments.Budget);
        AttributePath? path = values[1] is null or NoneValue ? null : new AttributePath(values[1]!, arguments.Budget);
        TextBuilder output = new(arguments.Budget);
        IEnumerator<Value> items = value.IterateOrThrow();
        for (bool first = true; items.MoveNext(); first = false)
        {
            arguments.Budget.Step();
            if (!first)
                output.Append(separator);
            (path is null ? items.Current : path.Resolve(items.Current, arguments.Budget)).WriteText(output);
        }
        return output.ToValue();
    }

    /// <summary>The filter <c>items</c>: returns a generator of the key-value pairs of a dict.</summary>
    public static Value Items(Value value, CallArguments arguments)
    {
        arguments.Bind();
        return value switch
        {
            UndefinedValue => new GeneratorValue(Enumerable.Empty<Value>().GetEnumerator(), arguments.Budget),
            DictValue dict => new GeneratorValue(dict.Items.Select(Value (item) => new TupleValue([item.Key, item.Value])).GetEnumerator(), arguments.Budget),
            // As in jinja2, the error occurs when the first item is read.
            _ => new GeneratorValue(Raise("Can only get item pairs from a mapping."), arguments.Budget),
        };
    }

    public static Value Attr(Value value, CallArguments arguments)
    {
        Value name = CallArguments.Required(arguments.Bind("name")[0], "name");
        string attribute = CallArguments.String(name, "name").Text;
        return MemberAccess.FindAttribute(value, attribute) ?? UndefinedValue.ForMember(value, attribute);
    }

    public static Value Sum(Value value, CallArguments arguments)
    {
        Value?[] values = arguments.Bind("attribute", "start");
        AttributePath? path = values[0] is null or NoneValue ? null : new AttributePath(values[0]!, arguments.Budget);
        Value sum = values[1] ?? new IntegerValue(0);
        if (sum is StringValue)
            throw new TemplateException("sum() can't sum strings [use ''.join(seq) instead]");
        IEnumerator<Value> items = value.IterateOrThrow();
        while (items.MoveNext())
        {
            arguments.Budget.Step();
            sum = PythonOperators.Add(sum, path is null ? items.Current : path.Resolve(items.Current, arguments.Budget), arguments.Budget);
        }
        return sum;
    }

    public static Value Batch(Value value, CallArguments arguments)
    {
        Value?[] values = arguments.Bind("linecount", "fill_with");
        int size = CallArguments.Integer(CallArguments.Required(values[0], "linecount"), "linecount")!.Value;
        return new GeneratorValue(Batches(value, size, values[1] is NoneValue ? null : values[1], arguments.Budget), arguments.Budget);
    }

    public static Value Slice(Value value, CallArguments arguments)
    {
        Value?[] values = arguments.Bind("slices", "fill_with");
        int slices = CallArguments.Integer(CallArguments.Required(values[0], "slices"), "slices")!.Value;
        return new GeneratorValue(Slices(value, slices, values[1] is NoneValue ? null : values[1], arguments.Budget), arguments.Budget);
    }

    private static IEnumerator<Value> Batches(Value value, int size, Value? fill, RenderBudget budget)
    {
        List<Value> batch = [];
        IEnumerator<Value> items = value.IterateOrThrow();
        while (items.MoveNext())
        {
            budget.AddItems(1);
            if (batch.Count == size)
            {
                yield return new ListValue(batch);
                batch = [];
            }
            batch.Add(items.Current);
        }
        if (batch.Count == 0)
            yield break;
        while (fill is not null && batch.Count < size)
        {
            budget.AddItems(1);
            batch.Add(fill);
        }
        yield return new ListValue(batch);
    }

    private static IEnumerator<Value> Slices(Value value, int slices, Value? fill, RenderBudget budget)
    {
        List<Value> items = value.ToList(budget);
        if (slices == 0)
            throw new TemplateException("integer division or modulo by zero");
        int size = items.Count / Math.Max(slices, 1), extra = items.Count % Math.Max(slices, 1), start = 0;
        for (int slice = 0; slice < slices; slice++)
        {
            budget.AddItems(1);
            int count = size + (slice < extra ? 1 : 0);
            List<Value> part = items.GetRange(start, count);
            start += count;
            if (fill is not null && slice >= extra)
                part.Add(fill);
            yield return new ListValue(part);
        }
    }

    private static IEnumerator<Value> Raise(string message)
    {
        if (message.Length > 0)
            throw new TemplateException(message);
        yield break;
    }
}
