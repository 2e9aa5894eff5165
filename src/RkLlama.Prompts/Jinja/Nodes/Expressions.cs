using RkLlama.Prompts.Jinja.BuiltIns;
using RkLlama.Prompts.Jinja.Methods;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Nodes;

/// <summary>An expression in the syntax tree. Immutable; many renderings may evaluate it at the same time.</summary>
internal abstract class Expression
{
    /// <summary>
    /// Computes the value of the expression. Counts one step in the budget, one level of nesting while it runs, and the characters of the value, because the
    /// operation that gets it reads them.
    /// </summary>
    public Value Evaluate(RenderState state)
    {
        state.Budget.Step();
        state.Budget.Enter();
        Value value = EvaluateCore(state);
        state.Budget.Read(value);
        state.Budget.Leave();
        return value;
    }

    protected abstract Value EvaluateCore(RenderState state);

    /// <summary>Evaluates several expressions in order.</summary>
    protected static Value[] EvaluateAll(IReadOnlyList<Expression> expressions, RenderState state)
    {
        Value[] values = new Value[expressions.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = expressions[i].Evaluate(state);
        return values;
    }
}

internal sealed class LiteralExpression(Value value) : Expression
{
    protected override Value EvaluateCore(RenderState state) => value;
}

internal sealed class NameExpression(string name) : Expression
{
    public string Name => name;

    protected override Value EvaluateCore(RenderState state) => state.Lookup(name);
}

internal sealed class ListExpression(IReadOnlyList<Expression> items) : Expression
{
    protected override Value EvaluateCore(RenderState state) => new ListValue(EvaluateAll(items, state));
}

internal sealed class TupleExpression(IReadOnlyList<Expression> items) : Expression
{
    public IReadOnlyList<Expression> Items => items;

    protected override Value EvaluateCore(RenderState state) => new TupleValue(EvaluateAll(items, state));
}

internal sealed class DictExpression(IReadOnlyList<(Expression Key, Expression Value)> items) : Expression
{
    protected override Value EvaluateCore(RenderState state)
    {
        DictValue dict = new();
        foreach ((Expression key, Expression value) in items)
            dict.Set(key.Evaluate(state), value.Evaluate(state));
        return dict;
    }
}

internal sealed class AttributeExpression(Expression target, string name) : Expression
{
    public Expression Target => target;

    public string Name => name;

    protected override Value EvaluateCore(RenderState state) => MemberAccess.GetAttribute(target.Evaluate(state), name, state.Budget);
}

internal sealed class ItemExpression(Expression target, Expression key) : Expression
{
    protected override Value EvaluateCore(RenderState state) => MemberAccess.GetItem(target.Evaluate(state), key.Evaluate(state), state.Budget);
}

internal sealed class SliceExpression(Expression? start, Expression? stop, Expression? step) : Expression
{
    protected override Value EvaluateCore(RenderState state) => new SliceValue(Bound(start, state), Bound(stop, state), Bound(step, state));

    private static Value Bound(Expression? bound, RenderState state) => bound?.Evaluate(state) ?? NoneValue.Instance;
}

internal sealed class CallExpression(Expression target, ArgumentList arguments) : Expression
{
    protected override Value EvaluateCore(RenderState state) => Call(state, null);

    /// <summary>Calls the target.</summary>
    /// <param name="caller">The body of a <c>call</c> block, which is passed as the keyword argument <c>caller</c>; null for a plain call.</param>
    public Value Call(RenderState state, Value? caller) => target.Evaluate(state).Call(arguments.Evaluate(state, caller));
}

internal sealed class FilterExpression(Expression input, string name, ArgumentList arguments) : Expression
{
    protected override Value EvaluateCore(RenderState state) => BuiltInFilters.Apply(name, input.Evaluate(state), arguments.Evaluate(state));
}

internal sealed class TestExpression(Expression input, string name, ArgumentList arguments) : Expression
{
    protected override Value EvaluateCore(RenderState state) =>
        BooleanValue.Of(BuiltInTests.Apply(name, input.Evaluate(state), arguments.Evaluate(state)));
}

internal sealed class ConditionalExpression(Expression condition, Expression whenTrue, Expression? whenFalse) : Expression
{
    protected override Value EvaluateCore(RenderState state)
    {
        if (condition.Evaluate(state).IsTrue)
            return whenTrue.Evaluate(state);
        return whenFalse?.Evaluate(state) ?? new UndefinedValue("the inline if-expression evaluated to false and no else section was defined.");
    }
}
