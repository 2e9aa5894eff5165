using RkLlama.Prompts.Jinja.BuiltIns;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Nodes;

/// <summary>How a statement ended: on to the next one, or out of a round of the loop around it.</summary>
internal enum Flow
{
    Next,
    Continue,
    Break,
}

/// <summary>A part of a template that writes or does something. Immutable, as <see cref="Expression"/>.</summary>
internal abstract class Statement
{
    public abstract Flow Execute(RenderState state);
}

/// <summary>Statements one after the other.</summary>
internal sealed class Block(IReadOnlyList<Statement> statements) : Statement
{
    public override Flow Execute(RenderState state)
    {
        state.Budget.Enter();
        Flow flow = Flow.Next;
        for (int i = 0; i < statements.Count && flow == Flow.Next; i++)
            flow = statements[i].Execute(state);
        state.Budget.Leave();
        return flow;
    }

    /// <summary>Runs with variables of its own, which end with it.</summary>
    public Flow ExecuteIn(Scope scope, RenderState state)
    {
        Scope outer = state.Enter(scope);
        try
        {
            return Execute(state);
        }
        finally
        {
            state.Enter(outer);
        }
    }

    /// <summary>Runs with variables of its own and takes what it writes.</summary>
    public Flow Capture(Scope scope, RenderState state, out TextValue text)
    {
        TextBuilder captured = new(state.Budget);
        TextBuilder outer = state.Redirect(captured);
        try
        {
            return ExecuteIn(scope, state);
        }
        finally
        {
            state.Redirect(outer);
            text = captured.ToValue();
        }
    }
}

/// <summary>Text of the template.</summary>
internal sealed class TextStatement(string text) : Statement
{
    public override Flow Execute(RenderState state)
    {
        state.Output.Append(text);
        return Flow.Next;
    }
}

/// <summary><c>{{ expression }}</c>.</summary>
internal sealed class OutputStatement(Expression expression) : Statement
{
    public override Flow Execute(RenderState state)
    {
        expression.Evaluate(state).WriteText(state.Output);
        return Flow.Next;
    }
}

/// <summary><c>if</c> with its <c>elif</c>s; no scope of its own.</summary>
internal sealed class IfStatement(IReadOnlyList<(Expression Condition, Block Body)> branches, Block? otherwise) : Statement
{
    public override Flow Execute(RenderState state)
    {
        foreach ((Expression condition, Block body) in branches)
        {
            if (condition.Evaluate(state).IsTrue)
                return body.Execute(state);
        }
        return otherwise?.Execute(state) ?? Flow.Next;
    }
}

/// <summary><c>break</c> or <c>continue</c>.</summary>
internal sealed class JumpStatement(Flow flow) : Statement
{
    public override Flow Execute(RenderState state) => flow;
}

/// <summary><c>set target = value</c>.</summary>
internal sealed class SetStatement(AssignmentTarget target, Expression value) : Statement
{
    public override Flow Execute(RenderState state)
    {
        target.Assign(value.Evaluate(state), state);
        return Flow.Next;
    }
}

/// <summary>One filter of a <c>filter</c> or <c>set</c> block.</summary>
internal sealed record BlockFilter(string Name, ArgumentList Arguments)
{
    /// <summary>Passes a text through filters, one after the other.</summary>
    public static Value ApplyAll(IReadOnlyList<BlockFilter> filters, TextValue text, RenderState state)
    {
        Value value = text;
        foreach (BlockFilter filter in filters)
            value = Filters.Apply(filter.Name, value, filter.Arguments.Evaluate(state));
        return value;
    }
}

/// <summary><c>set target</c> … <c>endset</c>: the text of the block, filtered.</summary>
internal sealed class SetBlockStatement(AssignmentTarget target, IReadOnlyList<BlockFilter> filters, Block body) : Statement
{
    public override Flow Execute(RenderState state)
    {
        Flow flow = body.Capture(new Scope(state.Scope), state, out TextValue text);
        if (flow == Flow.Next)
            target.Assign(BlockFilter.ApplyAll(filters, text, state), state);
        return flow;
    }
}

/// <summary><c>filter name</c> … <c>endfilter</c>.</summary>
internal sealed class FilterBlockStatement(IReadOnlyList<BlockFilter> filters, Block body) : Statement
{
    public override Flow Execute(RenderState state)
    {
        Flow flow = body.Capture(new Scope(state.Scope), state, out TextValue text);
        if (flow == Flow.Next)
        {
            Value result = BlockFilter.ApplyAll(filters, text, state);
            state.Output.Append(result as TextValue ?? throw new TemplateException($"a filter block gave {result.TypeName}, not str"));
        }
        return flow;
    }
}

/// <summary><c>with a = 1, b = 2</c> … <c>endwith</c>; without variables also what marks a part, such as <c>generation</c>.</summary>
internal sealed class ScopeStatement(IReadOnlyList<(AssignmentTarget Target, Expression Value)> variables, Block body) : Statement
{
    public override Flow Execute(RenderState state)
    {
        Scope scope = new(state.Scope);
        List<Value> values = [.. variables.Select(variable => variable.Value.Evaluate(state))];
        Scope outer = state.Enter(scope);
        try
        {
            for (int i = 0; i < values.Count; i++)
                variables[i].Target.Assign(values[i], state);
            return body.Execute(state);
        }
        finally
        {
            state.Enter(outer);
        }
    }
}
