using RkLlama.Prompts.Jinja.BuiltIns;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Nodes;

/// <summary>
/// How execution continues after a statement: with the next statement, or with <c>continue</c> or <c>break</c> of the enclosing loop.
/// </summary>
internal enum ControlFlow
{
    Next,
    Continue,
    Break,
}

/// <summary>A statement of the syntax tree. Immutable; many renderings may execute it at the same time.</summary>
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

    /// <summary>Executes the block with its own scope.</summary>
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

    /// <summary>Executes the block with its own scope and captures its output.</summary>
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

/// <summary><c>{{ expression }}</c>.</summary>
internal sealed class OutputStatement(Expression expression) : Statement
{
    public override ControlFlow Execute(RenderState state)
    {
        expression.Evaluate(state).WriteText(state.Output);
        return ControlFlow.Next;
    }
}

/// <summary><c>if</c> with its <c>elif</c> branches. The branches have no scope of their own.</summary>
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

/// <summary><c>break</c> or <c>continue</c>.</summary>
internal sealed class JumpStatement(ControlFlow flow) : Statement
{
    public override ControlFlow Execute(RenderState state) => flow;
}

/// <summary><c>set target = value</c>.</summary>
internal sealed class SetStatement(AssignmentTarget target, Expression value) : Statement
{
    public override ControlFlow Execute(RenderState state)
    {
        target.Assign(value.Evaluate(state), state);
        return ControlFlow.Next;
    }
}

/// <summary>One filter of a <c>filter</c> or <c>set</c> block.</summary>
internal sealed record BlockFilter(string Name, ArgumentList Arguments)
{
    /// <summary>Applies the filters in order.</summary>
    public static Value ApplyAll(IReadOnlyList<BlockFilter> filters, StringValue text, RenderState state)
    {
        Value value = text;
        foreach (BlockFilter filter in filters)
            value = BuiltInFilters.Apply(filter.Name, value, filter.Arguments.Evaluate(state));
        return value;
    }
}

/// <summary><c>set target</c> … <c>endset</c>: assigns the output of the block, after its filters.</summary>
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

/// <summary><c>filter name</c> … <c>endfilter</c>.</summary>
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
/// <c>with a = 1, b = 2</c> … <c>endwith</c>. Also used, without variables, for blocks that only mark a section, such as <c>generation</c>.
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
