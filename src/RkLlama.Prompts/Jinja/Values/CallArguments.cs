namespace RkLlama.Prompts.Jinja.Values;

/// <summary>The evaluated arguments of one call, in source order, and the state of the rendering that makes the call.</summary>
internal sealed class CallArguments(
    RenderState state, IReadOnlyList<Value> positional, IReadOnlyList<KeyValuePair<string, Value>> named)
{
    public RenderState State => state;

    public RenderBudget Budget => state.Budget;

    public IReadOnlyList<Value> Positional => positional;

    public IReadOnlyList<KeyValuePair<string, Value>> Named => named;

    /// <summary>Binds the arguments to named parameters. The result has one value per parameter; null if the call does not give it.</summary>
    /// <exception cref="TemplateException">There are too many arguments, an unknown name, or two values for one parameter.</exception>
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

    /// <summary>
    /// Binds the arguments to positional-only parameters. The call must give the first <paramref name="required"/> of them.
    /// </summary>
    /// <exception cref="TemplateException">The number of arguments does not fit, or one is a keyword argument.</exception>
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

    /// <summary>Returns the call without its first <paramref name="count"/> positional arguments.</summary>
    public CallArguments Skip(int count) => new(state, [.. positional.Skip(count)], named);

    /// <summary>A call without arguments.</summary>
    public static CallArguments None(RenderState state) => new(state, [], []);

    public static Value Required(Value? value, string name) =>
        value ?? throw new TemplateException($"missing required argument '{name}'");

    public static bool Flag(Value? value, bool defaultValue) => value is null ? defaultValue : value.IsTrue;

    /// <summary>Converts to an integer that fits an index or a width; null if the argument is missing.</summary>
    /// <exception cref="TemplateException">The argument is not an integer, or it is too large.</exception>
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

    /// <summary>Converts to a string; null if the argument is missing or <c>None</c>.</summary>
    /// <exception cref="TemplateException">The argument has another type.</exception>
    public static StringValue? OptionalString(Value? value, string name) => value is null or NoneValue ? null : String(value, name);
}
