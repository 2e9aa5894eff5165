using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Nodes;

/// <summary>The parameters and the body of a macro or of a <c>call</c> block.</summary>
/// <param name="Name">The name of the macro; null for a <c>call</c> block.</param>
/// <param name="Defaults">The default values of the last parameters, in order.</param>
/// <param name="UsesCaller">Whether the body contains the name <c>caller</c>. If so, a <c>call</c> block can call the macro.</param>
/// <param name="UsesKwargs">Whether the body contains the name <c>kwargs</c>. If so, the macro accepts any keyword argument.</param>
/// <param name="UsesVarargs">Whether the body contains the name <c>varargs</c>. If so, the macro accepts any number of positional arguments.</param>
internal sealed record MacroDefinition(
    string? Name,
    IReadOnlyList<string> Parameters,
    IReadOnlyList<Expression> Defaults,
    Block Body,
    bool UsesCaller,
    bool UsesKwargs,
    bool UsesVarargs)
{
    /// <summary>Returns the default value of a parameter; null if it has none. As in Python, only the last parameters have default values.</summary>
    /// <param name="parameter">The index of the parameter, from 0.</param>
    public Expression? DefaultOf(int parameter)
    {
        int index = parameter - (Parameters.Count - Defaults.Count);
        return index < 0 ? null : Defaults[index];
    }
}

/// <summary>The statement <c>macro name(parameters)</c> … <c>endmacro</c>.</summary>
internal sealed class MacroStatement(MacroDefinition definition) : Statement
{
    public override ControlFlow Execute(RenderState state)
    {
        state.Scope.Set(definition.Name!, new MacroValue(definition, state.Scope));
        return ControlFlow.Next;
    }
}

/// <summary>
/// The statement <c>call(parameters) macro(arguments)</c> … <c>endcall</c>: calls a macro, which can render the body with <c>caller()</c>.
/// </summary>
internal sealed class CallBlockStatement(CallExpression call, MacroDefinition caller) : Statement
{
    public override ControlFlow Execute(RenderState state)
    {
        Value result = call.Call(state, new MacroValue(caller, state.Scope));
        state.Output.Append(result as StringValue ?? throw new TemplateException($"a call block returned {result.TypeName}, not str"));
        return ControlFlow.Next;
    }
}

/// <summary>
/// A macro as a value, and the scope in which it was defined. The macro uses the values that the variables of this scope have when it is called.
/// </summary>
internal sealed class MacroValue(MacroDefinition definition, Scope definedIn) : Value
{
    public override string TypeName => "Macro";

    public override bool IsCallable => true;

    public override Value? FindAttribute(string name) => name switch
    {
        "name" => definition.Name is { } own ? StringValue.FromTemplate(own) : NoneValue.Instance,
        "arguments" => new TupleValue([.. definition.Parameters.Select(StringValue.FromTemplate)]),
        "catch_kwargs" => BooleanValue.Of(definition.UsesKwargs),
        "catch_varargs" => BooleanValue.Of(definition.UsesVarargs),
        "caller" => BooleanValue.Of(definition.UsesCaller),
        _ => null,
    };

    public override void WriteText(TextBuilder output) =>
        output.Append(definition.Name is { } name ? $"<Macro '{name}'>" : "<Macro anonymous>");

    public override Value Call(CallArguments arguments)
    {
        RenderState state = arguments.State;
        Scope scope = new(definedIn);
        state.Budget.Enter();
        Scope outer = state.Enter(scope);
        StringValue text;
        try
        {
            BindTo(scope, arguments);
            definition.Body.Capture(scope, state, out text);
        }
        finally
        {
            state.Enter(outer);
            state.Budget.Leave();
        }
        return text;
    }

    private void BindTo(Scope scope, CallArguments arguments)
    {
        List<KeyValuePair<string, Value>> named = [.. arguments.Named];
        Value? TakeNamed(string name)
        {
            int index = named.FindIndex(item => item.Key == name);
            if (index < 0)
                return null;
            Value value = named[index].Value;
            named.RemoveAt(index);
            return value;
        }

        IReadOnlyList<string> parameters = definition.Parameters;
        Value?[] given = new Value?[parameters.Count];
        for (int i = 0; i < parameters.Count; i++)
            given[i] = i < arguments.Positional.Count ? arguments.Positional[i] : TakeNamed(parameters[i]);
        if (definition.UsesCaller && !parameters.Contains("caller"))
            scope.Set("caller", TakeNamed("caller") ?? new UndefinedValue("No caller defined"));
        if (definition.UsesKwargs)
            scope.Set("kwargs", ToDict(named));
        else if (named.Count > 0)
            throw new TemplateException($"macro '{definition.Name}' takes no keyword argument '{named[0].Key}'");
        if (definition.UsesVarargs)
            scope.Set("varargs", new TupleValue([.. arguments.Positional.Skip(parameters.Count)]));
        else if (arguments.Positional.Count > parameters.Count)
            throw new TemplateException($"macro '{definition.Name}' takes at most {parameters.Count} argument(s)");

        // The parameters are set in order, because the expression of a default value may use earlier parameters.
        for (int i = 0; i < parameters.Count; i++)
        {
            scope.Set(parameters[i], given[i] ?? definition.DefaultOf(i)?.Evaluate(arguments.State)
                ?? new UndefinedValue($"parameter '{parameters[i]}' was not provided"));
        }
    }

    private static DictValue ToDict(List<KeyValuePair<string, Value>> named)
    {
        DictValue dict = new();
        foreach ((string name, Value value) in named)
            dict.Set(name, value);
        return dict;
    }
}
