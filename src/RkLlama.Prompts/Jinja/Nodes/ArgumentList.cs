using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Nodes;

/// <summary>The expressions of the arguments in a call.</summary>
/// <param name="Spread">The expression after <c>*</c>, whose items become positional arguments; null for none.</param>
/// <param name="NamedSpread">The expression after <c>**</c>, whose items become keyword arguments; null for none.</param>
internal sealed record ArgumentList(
    IReadOnlyList<Expression> Positional,
    IReadOnlyList<KeyValuePair<string, Expression>> Named,
    Expression? Spread,
    Expression? NamedSpread)
{
    public static ArgumentList Empty { get; } = new([], [], null, null);

    public CallArguments Evaluate(RenderState state, Value? caller = null)
    {
        List<Value> positional = new(Positional.Count);
        foreach (Expression argument in Positional)
            positional.Add(argument.Evaluate(state));
        if (Spread is not null)
            positional.AddRange(Spread.Evaluate(state).ToList(state.Budget));
        List<KeyValuePair<string, Value>> named = new(Named.Count);
        foreach ((string key, Expression argument) in Named)
            named.Add(new(key, argument.Evaluate(state)));
        if (NamedSpread is not null)
            AddNamed(NamedSpread.Evaluate(state), named);
        if (caller is not null)
            named.Add(new("caller", caller));
        for (int i = 0; i < named.Count; i++)
        {
            for (int j = 0; j < i; j++)
            {
                if (named[i].Key == named[j].Key)
                    throw new TemplateException($"got multiple values for keyword argument '{named[i].Key}'");
            }
        }
        return new CallArguments(state, positional, named);
    }

    private static void AddNamed(Value value, List<KeyValuePair<string, Value>> named)
    {
        if (value is not DictValue dict)
            throw new TemplateException($"argument after ** must be a mapping, not {value.TypeName}");
        foreach ((Value key, Value item) in dict.Items)
            named.Add(new(key is StringValue name ? name.Text : throw new TemplateException("keywords must be strings"), item));
    }
}
