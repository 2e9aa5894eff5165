using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Nodes;

/// <summary>The statement <c>for target in items if condition</c> … <c>else</c> … <c>endfor</c>.</summary>
internal sealed class ForStatement(
    AssignmentTarget target, Expression items, Expression? condition, bool isRecursive, Block body, Block? elsePart) : Statement
{
    public override ControlFlow Execute(RenderState state) => Run(items.Evaluate(state), state, state.Scope, 0);

    /// <summary>Runs the loop over the items of one value. A recursive loop runs this again for other values from inside its body.</summary>
    private ControlFlow Run(Value iterable, RenderState state, Scope outer, int depth)
    {
        IEnumerator<Value> iterator = condition is null ? iterable.IterateOrThrow() : Filtered(iterable.IterateOrThrow(), state, outer);
        int? length = condition is null ? iterable.Length : null;
        Func<Value, Value>? recurse = isRecursive ? children => Recurse(children, state, outer, depth + 1) : null;
        LoopValue loop = new(iterator, length, depth, recurse);
        bool any = false; // whether one iteration ran to its end. As in jinja2, an iteration ended by break or continue does not count for `else`.
        while (loop.Advance())
        {
            state.Budget.Step();
            Scope round = new(outer);
            round.Set("loop", loop);
            Scope before = state.Enter(round);
            try
            {
                target.Assign(loop.Current, state);
                ControlFlow flow = body.Execute(state);
                if (flow == ControlFlow.Break)
                    break;
                any |= flow == ControlFlow.Next;
            }
            finally
            {
                state.Enter(before);
            }
        }
        if (!any && elsePart is not null)
            return elsePart.ExecuteIn(new Scope(outer), state);
        return ControlFlow.Next;
    }

    private StringValue Recurse(Value children, RenderState state, Scope outer, int depth)
    {
        state.Budget.Enter();
        TextBuilder captured = new(state.Budget);
        TextBuilder output = state.Redirect(captured);
        Scope scope = state.Enter(outer);
        try
        {
            Run(children, state, outer, depth);
        }
        finally
        {
            state.Enter(scope);
            state.Redirect(output);
            state.Budget.Leave();
        }
        return captured.ToValue();
    }

    private IEnumerator<Value> Filtered(IEnumerator<Value> iterator, RenderState state, Scope outer)
    {
        while (iterator.MoveNext())
        {
            state.Budget.Step();
            Value item = iterator.Current;
            Scope before = state.Enter(new Scope(outer));
            bool holds;
            try
            {
                target.Assign(item, state);
                holds = condition!.Evaluate(state).IsTrue;
            }
            finally
            {
                state.Enter(before);
            }
            if (holds)
                yield return item;
        }
    }
}
