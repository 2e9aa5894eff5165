using System.Numerics;
using RkLlama.Prompts.Jinja.Library;

namespace RkLlama.Prompts.Jinja.Values;

/// <summary>A <c>list</c> or <c>tuple</c>. Templates cannot change either: the sandbox refuses the methods that would.</summary>
internal abstract class SequenceValue : Value
{
    /// <exception cref="TemplateException">The items nest too deeply to be nested once more.</exception>
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

    public sealed override IEnumerator<Value> IterateBackwards() => Items.Reverse().GetEnumerator();

    public override Value? Attribute(string name) => SequenceMethods.Find(this, name);

    public sealed override Value? Item(Value key, RenderBudget budget) => key switch
    {
        SliceValue slice => With(slice.Of(Items, budget)),
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

    public override int HashCode() => throw new TemplateException("unhashable type: 'list'");
}

/// <param name="fields">The names of the items of a named tuple, or null.</param>
internal sealed class TupleValue(IReadOnlyList<Value> items, string[]? fields = null) : SequenceValue(items)
{
    public override string TypeName => "tuple";

    public override Value? Attribute(string name) =>
        fields is not null && Array.IndexOf(fields, name) is >= 0 and var field ? Items[field] : base.Attribute(name);

    public override SequenceValue With(IReadOnlyList<Value> items) => new TupleValue(items);

    public override void WriteText(TextBuilder output)
    {
        output.Append('(');
        WriteItems(output);
        output.Append(Items.Count == 1 ? ",)" : ")");
    }

    // Kept: a tuple that occurs twice in another is hashed once.
    private int? _hash;

    public override int HashCode() => _hash ??= Size <= RenderLimits.MaxKeySize
        ? Hash()
        : throw new TemplateException($"a tuple of more than {RenderLimits.MaxKeySize} values cannot be a key");

    private int Hash()
    {
        HashCode hash = default;
        foreach (Value item in Items)
            hash.Add(item.HashCode());
        return hash.ToHashCode();
    }
}

/// <summary>A <c>range</c>.</summary>
internal sealed class RangeValue(BigInteger start, BigInteger stop, BigInteger step, int count) : Value
{
    public override string TypeName => "range";

    public override bool IsTrue => count > 0;

    public override int? Length => count;

    public override long Size => count;

    public override IEnumerator<Value> Iterate()
    {
        for (int i = 0; i < count; i++)
            yield return At(i);
    }

    public override IEnumerator<Value> IterateBackwards()
    {
        for (int i = count - 1; i >= 0; i--)
            yield return At(i);
    }

    public override Value? Attribute(string name) => name switch
    {
        "start" => new IntegerValue(start),
        "stop" => new IntegerValue(stop),
        "step" => new IntegerValue(step),
        _ => null,
    };

    public override Value? Item(Value key, RenderBudget budget)
    {
        if (key is SliceValue slice)
        {
            (int first, int width, int length) = slice.Resolve(count);
            BigInteger begin = start + (first * step);
            return new RangeValue(begin, begin + (length * step * width), step * width, length);
        }
        return key is IntegerValue index && Sequences.Index(index, count) is { } position ? At(position) : null;
    }

    public override void WriteText(TextBuilder output) =>
        output.Append(step.IsOne ? $"range({start}, {stop})" : $"range({start}, {stop}, {step})");

    public override bool IsEqualTo(Value other) => other is RangeValue range && range.Length == count
        && Enumerable.Range(0, count).All(i => range.At(i).IsEqualTo(At(i)));

    public override int HashCode() => count;

    private IntegerValue At(int index) => new(start + (index * step));
}

/// <summary>An iterator that gives each item once, such as what <c>map</c> and <c>select</c> return.</summary>
internal sealed class GeneratorValue(IEnumerator<Value> items, RenderBudget budget) : Value
{
    private readonly CountedEnumerator _items = new(items, budget);

    public override string TypeName => "generator";

    public override IEnumerator<Value> Iterate() => _items;

    public override void WriteText(TextBuilder output) => output.Append("<generator object>");

    /// <summary>Counts each step as a level of nesting: a generator over a generator over another recurses to get its next item.</summary>
    private sealed class CountedEnumerator(IEnumerator<Value> items, RenderBudget budget) : IEnumerator<Value>
    {
        public Value Current => items.Current;

        object System.Collections.IEnumerator.Current => Current;

        public bool MoveNext()
        {
            budget.Enter();
            bool hasNext = items.MoveNext();
            budget.Leave();
            return hasNext;
        }

        public void Reset() => throw new NotSupportedException();

        public void Dispose() => items.Dispose();
    }
}

/// <summary>What <c>value[start:stop:step]</c> passes as its key.</summary>
internal sealed class SliceValue(Value start, Value stop, Value step) : Value
{
    public override string TypeName => "slice";

    public override void WriteText(TextBuilder output)
    {
        output.Append("slice(");
        start.WriteRepr(output);
        output.Append(", ");
        stop.WriteRepr(output);
        output.Append(", ");
        step.WriteRepr(output);
        output.Append(')');
    }

    /// <summary>The first index, the step and the number of items for a sequence of <paramref name="length"/>.</summary>
    public (int First, int Step, int Count) Resolve(int length)
    {
        int width = Bound(step, -length - 1, length + 1) ?? 1;
        if (width == 0)
            throw new TemplateException("slice step cannot be zero");
        if (width > 0)
        {
            int from = Position(start, length, 0, length) ?? 0, to = Position(stop, length, 0, length) ?? length;
            return (from, width, from < to ? ((to - from - 1) / width) + 1 : 0);
        }
        int last = Position(start, length, -1, length - 1) ?? length - 1, end = Position(stop, length, -1, length - 1) ?? -1;
        return (last, width, last > end ? ((last - end - 1) / -width) + 1 : 0);
    }

    public List<Value> Of(IReadOnlyList<Value> items, RenderBudget budget)
    {
        (int first, int width, int count) = Resolve(items.Count);
        budget.AddItems(count);
        List<Value> part = new(count);
        for (int i = 0; i < count; i++)
            part.Add(items[first + (i * width)]);
        return part;
    }

    public TextValue Of(TextValue text, RenderBudget budget)
    {
        (int first, int width, int count) = Resolve(text.Length!.Value);
        if (count == 0)
            return TextValue.Empty.AsMarkup(text.IsMarkup);
        budget.Grow(count);
        if (width == 1)
        {
            int start = text.IndexOfCodePoint(first);
            return text.Slice(start, text.IndexOfCodePoint(first + count) - start);
        }
        TextBuilder builder = new(budget);
        int[] offsets = PythonText.CodePointOffsets(text.Text);
        for (int i = 0; i < count; i++)
        {
            int at = first + (i * width);
            builder.Append(text, offsets[at], offsets[at + 1] - offsets[at]);
        }
        return builder.ToValue().AsMarkup(text.IsMarkup);
    }

    private static int? Position(Value bound, int length, int low, int high)
    {
        if (bound is NoneValue)
            return null;
        if (bound is not IntegerValue integer)
            throw new TemplateException("slice indices must be integers or None or have an __index__ method");
        BigInteger position = integer.Number.Sign < 0 ? integer.Number + length : integer.Number;
        return (int)BigInteger.Clamp(position, low, high);
    }

    private static int? Bound(Value value, int low, int high)
    {
        if (value is NoneValue)
            return null;
        if (value is not IntegerValue integer)
            throw new TemplateException("slice indices must be integers or None or have an __index__ method");
        return (int)BigInteger.Clamp(integer.Number, low, high);
    }
}

internal static class Sequences
{
    /// <summary>The position an index names, negative ones from the end; null outside of the sequence.</summary>
    public static int? Index(IntegerValue index, int count)
    {
        BigInteger position = index.Number.Sign < 0 ? index.Number + count : index.Number;
        return position.Sign >= 0 && position < count ? (int)position : null;
    }
}
