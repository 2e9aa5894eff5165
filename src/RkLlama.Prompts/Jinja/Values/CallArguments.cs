namespace RkLlama.Prompts.Jinja.Values;

/// <summary>The evaluated arguments of one call, in the order of the source, and the state of the rendering that makes the call.</summary>
internal sealed class CallArguments(
    RenderState state, IReadOnlyList<Value> positional, IReadOnlyList<KeyValuePair<string, Value>> named)
{
    public RenderState State => state;

    public RenderBudget Budget => state.Budget;

    public IReadOnlyList<Value> Positional => positional;

    public IReadOnlyList<KeyValuePair<string, Value>> Named => named;

    /// <summary>
    /// Assigns the arguments to the parameters with the given names. Returns one value for each parameter, in the same order; null for a parameter without an
    /// argument.
    /// </summary>
    /// <exception cref="TemplateException">There are too many arguments, a keyword argument has an unknown name, or a parameter gets two
    /// values.</exception>
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
    /// Assigns the arguments to <paramref name="maxCount"/> parameters that cannot be given by name. The first <paramref name="required"/> of them need an
    /// argument. Returns one value for each parameter; null for a parameter without an argument.
    /// </summary>
    /// <exception cref="TemplateException">There are too few or too many arguments, or there is a keyword argument.</exception>
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

    /// <summary>Counts one step, and the characters that an operation reads: those of its subject and of its arguments.</summary>
    /// <exception cref="TemplateException">The rendering exceeds its budget.</exception>
    public void CountOperation(Value subject)
    {
        Budget.Step();
        Budget.Read(subject);
        for (int i = 0; i < positional.Count; i++)
            Budget.Read(positional[i]);
        for (int i = 0; i < named.Count; i++)
            Budget.Read(named[i].Value);
    }

    /// <summary>Returns the arguments without the first <paramref name="count"/> positional ones.</summary>
    public CallArguments Skip(int count) => new(state, [.. positional.Skip(count)], named);

    /// <summary>Creates an empty list of arguments.</summary>
    public static CallArguments None(RenderState state) => new(state, [], []);

    public static Value Required(Value? value, string name) =>
        value ?? throw new TemplateException($"missing required argument '{name}'");

    public static bool Flag(Value? value, bool defaultValue) => value is null ? defaultValue : value.IsTrue;

    /// <summary>Converts an argument to a 32-bit integer; returns null if the argument is missing.</summary>
    /// <param name="name">The name of the parameter, for the error message.</param>
    /// <exception cref="TemplateException">The argument is not an integer, or does not fit in 32 bits.</exception>
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

    /// <summary>Converts an argument to a string; returns null if the argument is missing or <c>None</c>.</summary>
    /// <exception cref="TemplateException">The argument is neither a string nor <c>None</c>.</exception>
    public static StringValue? OptionalString(Value? value, string name) => value is null or NoneValue ? null : String(value, name);
}
