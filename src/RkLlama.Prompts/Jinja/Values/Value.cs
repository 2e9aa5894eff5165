namespace RkLlama.Prompts.Jinja.Values;

/// <summary>A value of a template, with the behaviour of the Python type it stands for. Immutable unless a type says elsePart.</summary>
internal abstract class Value
{
    /// <summary>Python's name of the type, for messages.</summary>
    public abstract string TypeName { get; }

    /// <summary><c>bool(value)</c>.</summary>
    public virtual bool IsTrue => true;

    /// <summary><c>len(value)</c>; null where Python has none.</summary>
    public virtual int? Length => null;

    /// <summary>Levels of containers inside one another; 0 for a value that holds no others. At most <see cref="RenderLimits.MaxValueDepth"/>.</summary>
    public virtual int Depth => 0;

    /// <summary>Values that a walk over this one meets, itself included. A value that occurs twice counts twice.</summary>
    public virtual long Size => 1;

    /// <summary><c>callable(value)</c>.</summary>
    public virtual bool IsCallable => false;

    /// <summary><c>iter(value)</c>; null where Python raises.</summary>
    public virtual IEnumerator<Value>? Iterate() => null;

    /// <summary><c>reversed(value)</c>; null where Python raises.</summary>
    public virtual IEnumerator<Value>? IterateReversed() => null;

    /// <summary>A Python attribute that templates may read; null where there is none.</summary>
    public virtual Value? FindAttribute(string name) => null;

    /// <summary><c>value[key]</c>; null where Python raises a TypeError or LookupError.</summary>
    public virtual Value? FindItem(Value key, RenderBudget budget) => null;

    public virtual Value Call(CallArguments arguments) => throw new TemplateException($"'{TypeName}' object is not callable");

    /// <summary><c>str(value)</c>.</summary>
    public abstract void WriteText(TextBuilder output);

    /// <summary><c>repr(value)</c>.</summary>
    public virtual void WriteRepr(TextBuilder output) => WriteText(output);

    /// <summary><c>value == other</c>, counted by the budget before it is evaluated.</summary>
    public bool IsEqualTo(Value other, RenderBudget budget)
    {
        budget.Step(Math.Min(Size, other.Size));
        return IsEqualTo(other);
    }

    /// <summary><c>value is other or value == other</c>, by which Python's containers find their items.</summary>
    public bool IsSameAs(Value other, RenderBudget budget) => ReferenceEquals(this, other) || IsEqualTo(other, budget);

    /// <summary><c>value == other</c>. Recurses once per level of <see cref="Depth"/>.</summary>
    public virtual bool IsEqualTo(Value other) => ReferenceEquals(this, other);

    /// <summary><c>hash(value)</c>.</summary>
    /// <exception cref="TemplateException">Python cannot hash the type.</exception>
    public virtual int ComputeHash() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);

    /// <summary><c>str(value)</c> as a value of its own; a text stays as it is.</summary>
    public virtual StringValue ToStringValue(RenderBudget budget)
    {
        TextBuilder builder = new(budget);
        WriteText(builder);
        return builder.ToValue();
    }

    /// <summary>Iterates, or raises as Python does.</summary>
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

/// <summary>Depth and size of a container, from those of its items.</summary>
internal static class ValueNesting
{
    // Sizes may double with each level: they stop growing here.
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

/// <summary>Keys of dictionaries and members of sets, by Python's equality.</summary>
internal sealed class ValueComparer : IEqualityComparer<Value>
{
    public static ValueComparer Instance { get; } = new();

    public bool Equals(Value? x, Value? y) => ReferenceEquals(x, y) || (x is not null && y is not null && x.IsEqualTo(y));

    public int GetHashCode(Value obj) => obj.ComputeHash();
}
