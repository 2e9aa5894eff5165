using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Nodes;

/// <summary>What a value is assigned to: the left side of <c>=</c>, or the loop variables of <c>for</c>.</summary>
internal abstract class AssignmentTarget
{
    public abstract void Assign(Value value, RenderState state);
}

internal sealed class NameTarget(string name) : AssignmentTarget
{
    public override void Assign(Value value, RenderState state) => state.Scope.Set(name, value);
}

/// <summary>The target <c>a, b</c>: assigns the first item of a value to a, and the second to b.</summary>
internal sealed class TupleTarget(IReadOnlyList<AssignmentTarget> targets) : AssignmentTarget
{
    public override void Assign(Value value, RenderState state)
    {
        List<Value> items = [];
        IEnumerator<Value> iterator = value.IterateOrThrow();
        while (items.Count <= targets.Count && iterator.MoveNext())
            items.Add(iterator.Current);
        if (items.Count != targets.Count)
            throw new TemplateException($"cannot unpack into {targets.Count} names");
        for (int i = 0; i < items.Count; i++)
            targets[i].Assign(items[i], state);
    }
}

/// <summary>The target <c>name.attribute</c>: sets an attribute of a value that <c>namespace()</c> returned.</summary>
internal sealed class NamespaceTarget(string name, string attribute) : AssignmentTarget
{
    public override void Assign(Value value, RenderState state)
    {
        if (state.Lookup(name) is not NamespaceValue target)
            throw new TemplateException("cannot assign attribute on non-namespace object");
        target.Set(attribute, value);
    }
}
