namespace RkLlama.Prompts.Jinja.Values;

/// <summary>A value in a template, with the behaviour of its Python type. Immutable unless a type states otherwise.</summary>
internal abstract class Value
{
    /// <summary>The Python name of the type, for messages.</summary>
    public abstract string TypeName { get; }

    /// <summary><c>bool(value)</c>.</summary>
    public virtual bool IsTrue => true;

    /// <summary><c>len(value)</c>; null if the type has no length.</summary>
    public virtual int? Length => null;

    /// <summary>
    /// Levels of containers inside one another; 0 for a value that contains no others. At most <see cref="RenderLimits.MaxValueDepth"/>.
    /// </summary>
    public virtual int Depth => 0;

    /// <summary>The number of values that a traversal visits, including this one. A value that occurs twice counts twice.</summary>
    public virtual long Size => 1;

    /// <summary><c>callable(value)</c>.</summary>
    public virtual bool IsCallable => false;

    /// <summary><c>iter(value)</c>; null if the type is not iterable.</summary>
    public virtual IEnumerator<Value>? Iterate() => null;

    /// <summary><c>reversed(value)</c>; null if the type is not reversible.</summary>
    public virtual IEnumerator<Value>? IterateReversed() => null;

    /// <summary>Returns an attribute that templates can read; null if it does not exist.</summary>
    public virtual Value? FindAttribute(string name) => null;

    /// <summary><c>value[key]</c>; null if Python raises a TypeError or LookupError.</summary>
    public virtual Value? FindItem(Value key, RenderBudget budget) => null;

    public virtual Value Call(CallArguments arguments) => throw new TemplateException($"'{TypeName}' object is not callable");

    /// <summary><c>str(value)</c>.</summary>
    public abstract void WriteText(TextBuilder output);

    /// <summary><c>repr(value)</c>.</summary>
    public virtual void WriteRepr(TextBuilder output) => WriteText(output);

    /// <summary><c>value == other</c>. The budget counts the comparison before it runs.</summary>
    /// <exception cref="TemplateException">The comparison exceeds the steps of the budget.</exception>
    public bool IsEqualTo(Value other, RenderBudget budget)
    {
        budget.Step(Math.Min(Size, other.Size));
        return IsEqualTo(other);
    }

    /// <summary><c>value is other or value == other</c>: how Python's containers compare their items.</summary>
    /// <inheritdoc cref="IsEqualTo(Value, RenderBudget)"/>
    public bool IsSameAs(Value other, RenderBudget budget) => ReferenceEquals(this, other) || IsEqualTo(other, budget);

    /// <summary><c>value == other</c>. Recurses once per level of <see cref="Depth"/>.</summary>
    public virtual bool IsEqualTo(Value other) => ReferenceEquals(this, other);

    /// <summary><c>hash(value)</c>.</summary>
    /// <exception cref="TemplateException">The type is not hashable.</exception>
    public virtual int ComputeHash() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);

    /// <summary><c>str(value)</c> as a value; a string is returned unchanged.</summary>
    public virtual StringValue ToStringValue(RenderBudget budget)
    {
        TextBuilder builder = new(budget);
        WriteText(builder);
        return builder.ToValue();
    }

    /// <summary>Iterates.</summary>
    /// <exception cref="TemplateException">The type is not iterable.</exception>
    public IEnumerator<Value> IterateOrThrow() => Iterate() ?? throw new TemplateException($"'{TypeName}' object is not iterable");

    /// <summary><c>list(value)</c>, counted by the budget.</summary>
    public List<Value> ToList(RenderBudget budget)
    {
        List<Value> items = [];
        using IEnumerator<Value> iterator = IterateOrThrow();
        while (iterator.MoveNext())
        {
            budget.AddItems(1);
            items.Add(iterator.Current);
        }
        return items;
    }
}

/// <summary>Computes the depth and the size of a container from its items.</summary>
internal static class ValueNesting
{
    // A size may double with each level, so it saturates here.
    private const long MaxSize = long.MaxValue / 4;

    /// <exception cref="TemplateException">The container nests deeper than <see cref="RenderLimits.MaxValueDepth"/>.</exception>
    public static void Add(Value item, ref int depth, ref long size)
    {
        depth = Math.Max(depth, item.Depth + 1);
        if (depth > RenderLimits.MaxValueDepth)
            throw new TemplateException("the chat template nests too deeply");
        size = Math.Min(size + item.Size, MaxSize);
    }
}

/// <summary>Compares dict keys and set members by Python's equality.</summary>
internal sealed class ValueComparer : IEqualityComparer<Value>
{
    public static ValueComparer Instance { get; } = new();

    public bool Equals(Value? x, Value? y) => ReferenceEquals(x, y) || (x is not null && y is not null && x.IsEqualTo(y));

    public int GetHashCode(Value obj) => obj.ComputeHash();
}
