namespace RkLlama.Prompts.Jinja.Values;

/// <summary>The arguments of one call, in the order they were written, and the rendering they belong to.</summary>
internal sealed class CallArguments(
    RenderState state, IReadOnlyList<Value> positional, IReadOnlyList<KeyValuePair<string, Value>> named)
{
    public RenderState State => state;

    public RenderBudget Budget => state.Budget;

    public IReadOnlyList<Value> Positional => positional;

    public IReadOnlyList<KeyValuePair<string, Value>> Named => named;

    /// <summary>The values of the named parameters, null where none was given.</summary>
    /// <exception cref="TemplateException">There are more arguments than parameters, an unknown name, or two values for one.</exception>
    public Value?[] Bind(params ReadOnlySpan<string> parameters)
    {
        if (positional.Count > parameters.Length)
            throw new TemplateException($"expected at most {parameters.Length} arguments, got {positional.Count}");
        Value?[] values = new Value?[parameters.Length];
        for (int i = 0; i < positional.Count; i++)
            values[i] = positional[i];
        foreach ((string name, Value value) in named)
        {
            int index = parameters.IndexOf(name);
            if (index < 0)
                throw new TemplateException($"got an unexpected keyword argument '{name}'");
            if (values[index] is not null)
                throw new TemplateException($"got multiple values for argument '{name}'");
            values[index] = value;
        }
        return values;
    }

    /// <summary>Binds parameters that take no names, of which the first <paramref name="required"/> must be given.</summary>
    public Value?[] BindPositional(int required, int maxCount)
    {
        if (named.Count > 0)
            throw new TemplateException("takes no keyword arguments");
        if (positional.Count < required || positional.Count > maxCount)
            throw new TemplateException($"expected {required} to {maxCount} arguments, got {positional.Count}");
        Value?[] values = new Value?[maxCount];
        for (int i = 0; i < positional.Count; i++)
            values[i] = positional[i];
        return values;
    }

    /// <summary>The same call without its first <paramref name="count"/> positional arguments.</summary>
    public CallArguments Skip(int count) => new(state, [.. positional.Skip(count)], named);

    /// <summary>A call without arguments.</summary>
    public static CallArguments None(RenderState state) => new(state, [], []);

    public static Value Required(Value? value, string name) =>
        value ?? throw new TemplateException($"missing required argument '{name}'");

    public static bool Flag(Value? value, bool defaultValue) => value is null ? defaultValue : value.IsTrue;

    /// <summary>An integer that fits an index or a width.</summary>
    public static int? Integer(Value? value, string name)
    {
        return value switch
        {
            null => null,
            IntegerValue integer when System.Numerics.BigInteger.Abs(integer.Number) <= int.MaxValue => (int)integer.Number,
            UndefinedValue undefined => throw undefined.Error(),
            _ => throw new TemplateException($"argument '{name}' must be an integer, not '{value.TypeName}'"),
        };
    }

    public static StringValue String(Value? value, string name) => value switch
    {
        StringValue text => text,
        UndefinedValue undefined => throw undefined.Error(),
        null => throw new TemplateException($"missing required argument '{name}'"),
        _ => throw new TemplateException($"argument '{name}' must be str, not {value.TypeName}"),
    };

    /// <summary>A text, or null for <c>None</c> and for nothing.</summary>
    public static StringValue? OptionalString(Value? value, string name) => value is null or NoneValue ? null : String(value, name);
}
