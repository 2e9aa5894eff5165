using System.Numerics;

namespace RkLlama.Prompts.Jinja.Values;

/// <summary>A Python <c>list</c> or <c>tuple</c>. Immutable: as in jinja2's sandbox, templates cannot call the methods that change a list.</summary>
internal abstract class SequenceValue : Value
{
    /// <exception cref="TemplateException">The sequence would nest deeper than <see cref="RenderLimits.MaxValueDepth"/>.</exception>
    protected SequenceValue(IReadOnlyList<Value> items)
    {
        int depth = 1;
        long size = 1;
        for (int i = 0; i < items.Count; i++)
            ValueNesting.Add(items[i], ref depth, ref size);
        (Items, Depth, Size) = (items, depth, size);
    }

    public IReadOnlyList<Value> Items { get; }

    public sealed override int Depth { get; }

    public sealed override long Size { get; }

    public sealed override bool IsTrue => Items.Count > 0;

    public sealed override int? Length => Items.Count;

    public abstract SequenceValue With(IReadOnlyList<Value> items);

    public sealed override IEnumerator<Value> Iterate() => Items.GetEnumerator();

    public sealed override IEnumerator<Value> IterateReversed() => Items.Reverse().GetEnumerator();

    public sealed override Value? FindItem(Value key, RenderBudget budget) => key switch
    {
        SliceValue slice => With(slice.Apply(Items, budget)),
        IntegerValue index when Sequences.Index(index, Items.Count) is { } position => Items[position],
        _ => null,
    };

    public sealed override bool IsEqualTo(Value other)
    {
        if (other is not SequenceValue sequence || sequence.GetType() != GetType() || sequence.Items.Count != Items.Count)
            return false;
        for (int i = 0; i < Items.Count; i++)
        {
            if (!Items[i].IsEqualTo(sequence.Items[i]))
                return false;
        }
        return true;
    }

    protected void WriteItems(TextBuilder output)
    {
        output.Budget.Enter();
        for (int i = 0; i < Items.Count; i++)
        {
            if (i > 0)
                output.Append(", ");
            Items[i].WriteRepr(output);
        }
        output.Budget.Leave();
    }
}

internal sealed class ListValue(IReadOnlyList<Value> items) : SequenceValue(items)
{
    public override string TypeName => "list";

    public override SequenceValue With(IReadOnlyList<Value> items) => new ListValue(items);

    public override void WriteText(TextBuilder output)
    {
        output.Append('[');
        WriteItems(output);
        output.Append(']');
    }

    public override int ComputeHash() => throw new TemplateException("unhashable type: 'list'");
}

/// <summary>A Python <c>tuple</c>.</summary>
/// <param name="fields">The names of the items, if this is a named tuple; otherwise null.</param>
internal sealed class TupleValue(IReadOnlyList<Value> items, string[]? fields = null) : SequenceValue(items)
{
    public override string TypeName => "tuple";

    public override Value? FindAttribute(string name) =>
        fields is not null && Array.IndexOf(fields, name) is >= 0 and var field ? Items[field] : null;

    public override SequenceValue With(IReadOnlyList<Value> items) => new TupleValue(items);

    public override void WriteText(TextBuilder output)
    {
        output.Append('(');
        WriteItems(output);
        output.Append(Items.Count == 1 ? ",)" : ")");
    }

    // Cached, so that a tuple that occurs several times in another tuple is hashed only once.
    private int? _hash;

    public override int ComputeHash() => _hash ??= Size <= RenderLimits.MaxKeySize
        ? Hash()
        : throw new TemplateException($"a tuple of more than {RenderLimits.MaxKeySize} values cannot be a key");

    private int Hash()
    {
        HashCode hash = default;
        foreach (Value item in Items)
            hash.Add(item.ComputeHash());
        return hash.ToHashCode();
    }
}

internal static class Sequences
{
    /// <summary>
    /// Converts the index of an item to its position from 0. A negative index counts from the end. Returns null if the index is out of range.
    /// </summary>
    public static int? Index(IntegerValue index, int count)
    {
        BigInteger position = index.Number.Sign < 0 ? index.Number + count : index.Number;
        return position.Sign >= 0 && position < count ? (int)position : null;
    }
}
