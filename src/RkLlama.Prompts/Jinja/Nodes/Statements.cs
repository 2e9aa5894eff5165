using RkLlama.Prompts.Jinja.BuiltIns;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Nodes;

/// <summary>
/// How the execution continues after a statement: with the next statement, with the next iteration of the enclosing loop, or after this loop.
/// </summary>
internal enum ControlFlow
{
    Next,
    Continue,
    Break,
}

/// <summary>A statement in the syntax tree. Immutable; many renderings may execute it at the same time.</summary>
internal abstract class Statement
{
    public abstract ControlFlow Execute(RenderState state);
}

/// <summary>A sequence of statements.</summary>
internal sealed class Block(IReadOnlyList<Statement> statements) : Statement
{
    public override ControlFlow Execute(RenderState state)
    {
        state.Budget.Enter();
        ControlFlow flow = ControlFlow.Next;
        for (int i = 0; i < statements.Count && flow == ControlFlow.Next; i++)
            flow = statements[i].Execute(state);
        state.Budget.Leave();
        return flow;
    }

    /// <summary>Executes the block with <paramref name="scope"/> as the current scope, and restores the previous scope.</summary>
    public ControlFlow ExecuteIn(Scope scope, RenderState state)
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

    /// <summary>Executes the block as <see cref="ExecuteIn"/> does, but returns its output in <paramref name="text"/> instead of writing it.</summary>
    public ControlFlow Capture(Scope scope, RenderState state, out StringValue text)
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

/// <summary>Literal text between tags.</summary>
internal sealed class TextStatement(string text) : Statement
{
    public override ControlFlow Execute(RenderState state)
    {
        state.Output.Append(text);
        return ControlFlow.Next;
    }
}

/// <summary>The tag <c>{{ expression }}</c>, which writes the value of the expression. Also one operand of the statement <c>print</c>.</summary>
internal sealed class OutputStatement(Expression expression) : Statement
{
    public override ControlFlow Execute(RenderState state)
    {
        expression.Evaluate(state).WriteText(state.Output);
        return ControlFlow.Next;
    }
}

/// <summary>The statement <c>if</c> … <c>elif</c> … <c>else</c> … <c>endif</c>. The branches have no scope of their own.</summary>
internal sealed class IfStatement(IReadOnlyList<(Expression Condition, Block Body)> branches, Block? elsePart) : Statement
{
    public override ControlFlow Execute(RenderState state)
    {
        foreach ((Expression condition, Block body) in branches)
        {
            if (condition.Evaluate(state).IsTrue)
                return body.Execute(state);
        }
        return elsePart?.Execute(state) ?? ControlFlow.Next;
    }
}

/// <summary>The statement <c>break</c> or <c>continue</c>.</summary>
internal sealed class JumpStatement(ControlFlow flow) : Statement
{
    public override ControlFlow Execute(RenderState state) => flow;
}

/// <summary>The statement <c>set target = value</c>.</summary>
internal sealed class SetStatement(AssignmentTarget target, Expression value) : Statement
{
    public override ControlFlow Execute(RenderState state)
    {
        target.Assign(value.Evaluate(state), state);
        return ControlFlow.Next;
    }
}

/// <summary>A filter that a <c>filter</c> block or a <c>set</c> block applies to its output.</summary>
internal sealed record BlockFilter(string Name, ArgumentList Arguments)
{
    /// <summary>Applies the filters to the text in order and returns the result.</summary>
    public static Value ApplyAll(IReadOnlyList<BlockFilter> filters, StringValue text, RenderState state)
    {
        Value value = text;
        foreach (BlockFilter filter in filters)
            value = BuiltInFilters.Apply(filter.Name, value, filter.Arguments.Evaluate(state));
        return value;
    }
}

/// <summary>The statement <c>set target | filters</c> … <c>endset</c>: applies the filters to the output of the block and assigns the result.</summary>
internal sealed class SetBlockStatement(AssignmentTarget target, IReadOnlyList<BlockFilter> filters, Block body) : Statement
{
    public override ControlFlow Execute(RenderState state)
    {
        ControlFlow flow = body.Capture(new Scope(state.Scope), state, out StringValue text);
        if (flow == ControlFlow.Next)
            target.Assign(BlockFilter.ApplyAll(filters, text, state), state);
        return flow;
    }
}

/// <summary>The statement <c>filter name</c> … <c>endfilter</c>: applies filters to the output of the block and writes the result.</summary>
internal sealed class FilterBlockStatement(IReadOnlyList<BlockFilter> filters, Block body) : Statement
{
    public override ControlFlow Execute(RenderState state)
    {
        ControlFlow flow = body.Capture(new Scope(state.Scope), state, out StringValue text);
        if (flow == ControlFlow.Next)
        {
            Value result = BlockFilter.ApplyAll(filters, text, state);
            state.Output.Append(result as StringValue ?? throw new TemplateException($"a filter block returned {result.TypeName}, not str"));
        }
        return flow;
    }
}

/// <summary>
/// The statement <c>with a = 1, b = 2</c> … <c>endwith</c>: executes a block in a new scope with these variables. Also used for <c>generation</c> …
/// <c>endgeneration</c>, which has no variables.
/// </summary>
internal sealed class ScopeStatement(IReadOnlyList<(AssignmentTarget Target, Expression Value)> variables, Block body) : Statement
{
    public override ControlFlow Execute(RenderState state)
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
