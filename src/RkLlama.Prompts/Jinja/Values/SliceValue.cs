using System.Numerics;

namespace RkLlama.Prompts.Jinja.Values;

/// <summary>A Python <c>slice</c>: the key in <c>value[start:stop:step]</c>. A part that is not given is <c>None</c>.</summary>
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

    /// <summary>
    /// Returns which items the slice selects from a sequence of <paramref name="length"/> items: the index of the first item, the step from one item to the
    /// next, and the number of items.
    /// </summary>
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

    public List<Value> Apply(IReadOnlyList<Value> items, RenderBudget budget)
    {
        (int first, int width, int count) = Resolve(items.Count);
        budget.AddItems(count);
        List<Value> part = new(count);
        for (int i = 0; i < count; i++)
            part.Add(items[first + (i * width)]);
        return part;
    }

    public StringValue Apply(StringValue text, RenderBudget budget)
    {
        (int first, int width, int count) = Resolve(text.Length!.Value);
        if (count == 0)
            return StringValue.Empty.AsMarkup(text.IsMarkup);
        budget.AddCharacters(count);
        if (width == 1)
        {
            int start = text.IndexOfCodePoint(first);
            return text.Slice(start, text.IndexOfCodePoint(first + count) - start);
        }
        TextBuilder builder = new(budget);
        int[] offsets = PythonStrings.CodePointOffsets(text.Text);
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
