using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Methods;

/// <summary>The methods of Python's <c>list</c> and <c>tuple</c>. The methods that change a list are not allowed, as in jinja2's sandbox.</summary>
internal static class SequenceMethods
{
    private static readonly HashSet<string> _mutating =
        new(["append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"], StringComparer.Ordinal);

    public static Value? Find(SequenceValue sequence, string name) => name switch
    {
        "count" => new FunctionValue(name, arguments => Count(sequence, arguments)),
        "index" => new FunctionValue(name, arguments => Index(sequence, arguments)),
        "copy" when sequence is ListValue => new FunctionValue(name, _ => sequence),
        _ when sequence is ListValue && _mutating.Contains(name) => UndefinedValue.ForUnsafeMember(sequence, name),
        _ => null,
    };

    private static IntegerValue Count(SequenceValue sequence, CallArguments arguments)
    {
        Value wanted = arguments.BindPositional(1, 1)[0]!;
        return new IntegerValue(sequence.Items.Count(item => item.IsSameAs(wanted, arguments.Budget)));
    }

    private static IntegerValue Index(SequenceValue sequence, CallArguments arguments)
    {
        Value?[] values = arguments.BindPositional(1, 3);
        (int first, _, int count) = new SliceValue(values[1] ?? NoneValue.Instance, values[2] ?? NoneValue.Instance, NoneValue.Instance)
            .Resolve(sequence.Items.Count);
        for (int i = first; i < first + count; i++)
        {
            if (sequence.Items[i].IsSameAs(values[0]!, arguments.Budget))
                return new IntegerValue(i);
        }
        throw new TemplateException("the value is not in the list");
    }
}

/// <summary>The methods of Python's <c>dict</c>. The methods that change a dict are not allowed, as in jinja2's sandbox.</summary>
internal static class DictMethods
{
    public static Value? Find(DictValue dict, string name) => name switch
    {
        "get" => new FunctionValue(name, arguments => Get(dict, arguments)),
        "items" => View(name, () => [.. dict.Items.Select(item => new TupleValue([item.Key, item.Value]))]),
        "keys" => View(name, () => [.. dict.Items.Select(item => item.Key)]),
        "values" => View(name, () => [.. dict.Items.Select(item => item.Value)]),
        "copy" => new FunctionValue(name, _ => dict),
        "fromkeys" => new FunctionValue(name, _ => throw new TemplateException("dict.fromkeys is not supported")),
        "clear" or "pop" or "popitem" or "setdefault" or "update" => UndefinedValue.ForUnsafeMember(dict, name),
        _ => null,
    };

    private static Value Get(DictValue dict, CallArguments arguments)
    {
        Value?[] values = arguments.BindPositional(1, 2);
        return dict.Find(values[0]!) ?? values[1] ?? NoneValue.Instance;
    }

    private static FunctionValue View(string kind, Func<IReadOnlyList<Value>> items) => new(kind, arguments =>
    {
        arguments.BindPositional(0, 0);
        return new DictViewValue(kind, items());
    });
}
