namespace RkLlama.Prompts.Jinja.Values;

/// <summary>A value in a template. It behaves like a value of the same type in Python. Immutable, except where a derived type states otherwise.</summary>
internal abstract class Value
{
    /// <summary>The name of the type in Python, for error messages.</summary>
    public abstract string TypeName { get; }

    /// <summary>The result of Python's <c>bool(value)</c>.</summary>
    public virtual bool IsTrue => true;

    /// <summary>The result of Python's <c>len(value)</c>; null if the type has no length.</summary>
    public virtual int? Length => null;

    /// <summary>
    /// The number of containers inside one another, including this one; 0 for a value that is not a container. At most
    /// <see cref="RenderLimits.MaxValueDepth"/>.
    /// </summary>
    public virtual int Depth => 0;

    /// <summary>The number of values in this value, including itself and nested values. A value that occurs twice counts twice, and a long string as several.</summary>
    public virtual long Size => 1;

    /// <summary>The result of Python's <c>callable(value)</c>.</summary>
    public virtual bool IsCallable => false;

    /// <summary>Python's <c>iter(value)</c>; null if the type is not iterable.</summary>
    public virtual IEnumerator<Value>? Iterate() => null;

    /// <summary>Python's <c>reversed(value)</c>; null if the type is not reversible.</summary>
    public virtual IEnumerator<Value>? IterateReversed() => null;

    /// <summary>Returns an attribute that templates can read; null if it does not exist.</summary>
    public virtual Value? FindAttribute(string name) => null;

    /// <summary>Python's <c>value[key]</c>; null where Python raises a TypeError or LookupError.</summary>
    public virtual Value? FindItem(Value key, RenderBudget budget) => null;

    public virtual Value Call(CallArguments arguments) => throw new TemplateException($"'{TypeName}' object is not callable");

    /// <summary>Appends the result of Python's <c>str(value)</c>.</summary>
    public abstract void WriteText(TextBuilder output);

    /// <summary>Appends the result of Python's <c>repr(value)</c>.</summary>
    public virtual void WriteRepr(TextBuilder output) => WriteText(output);

    /// <summary>Python's <c>value == other</c>. Counts the steps of the comparison in the budget before the comparison runs.</summary>
    /// <exception cref="TemplateException">The comparison exceeds the budget's limit of steps.</exception>
    public bool IsEqualTo(Value other, RenderBudget budget)
    {
        budget.Step(Math.Min(Size, other.Size));
        return IsEqualTo(other);
    }

    /// <summary>Python's <c>value is other or value == other</c>. Python's containers compare their items in this way.</summary>
    /// <inheritdoc cref="IsEqualTo(Value, RenderBudget)"/>
    public bool IsSameAs(Value other, RenderBudget budget) => ReferenceEquals(this, other) || IsEqualTo(other, budget);

    /// <summary>Python's <c>value == other</c>, without a budget. Recurses once per level of <see cref="Depth"/>.</summary>
    public virtual bool IsEqualTo(Value other) => ReferenceEquals(this, other);

    /// <summary>Python's <c>hash(value)</c>: equal values have the same hash.</summary>
    /// <exception cref="TemplateException">The type is not hashable.</exception>
    public virtual int ComputeHash() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);

    /// <summary>
    /// Python's <c>str(value)</c>. The result is always a plain string: for a <c>Markup</c> value, it has the same text, but is no <c>Markup</c>.
    /// </summary>
    public virtual StringValue ToStringValue(RenderBudget budget)
    {
        TextBuilder builder = new(budget);
        WriteText(builder);
        return builder.ToValue();
    }

    /// <summary>Python's <c>iter(value)</c>.</summary>
    /// <exception cref="TemplateException">The type is not iterable.</exception>
    public IEnumerator<Value> IterateOrThrow() => Iterate() ?? throw new TemplateException($"'{TypeName}' object is not iterable");

    /// <summary>Python's <c>list(value)</c>. Counts the items in the budget.</summary>
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
    // The size can double with each level of nesting. This limit prevents an overflow.
    private const long MaxSize = long.MaxValue / 4;

    /// <summary>Updates the depth and the size of a container for one more item.</summary>
    /// <exception cref="TemplateException">The container nests deeper than <see cref="RenderLimits.MaxValueDepth"/>.</exception>
    public static void Add(Value item, ref int depth, ref long size)
    {
        depth = Math.Max(depth, item.Depth + 1);
        if (depth > RenderLimits.MaxValueDepth)
            throw TemplateException.Exceeded("the chat template nests too deeply");
        size = Math.Min(size + item.Size, MaxSize);
    }
}

/// <summary>Compares keys of dicts and members of sets with Python's <c>==</c>.</summary>
internal sealed class ValueComparer : IEqualityComparer<Value>
{
    public static ValueComparer Instance { get; } = new();

    public bool Equals(Value? x, Value? y) => ReferenceEquals(x, y) || (x is not null && y is not null && x.IsEqualTo(y));

    public int GetHashCode(Value obj) => obj.ComputeHash();
}
