using System.Numerics;

namespace RkLlama.Prompts.Jinja.Values;

/// <summary>A Python <c>range</c>: <paramref name="count"/> integers. The first is <paramref name="start"/>; <paramref name="stop"/> is not included.</summary>
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

    public override IEnumerator<Value> IterateReversed()
    {
        for (int i = count - 1; i >= 0; i--)
            yield return At(i);
    }

    public override Value? FindAttribute(string name) => name switch
    {
        "start" => new IntegerValue(start),
        "stop" => new IntegerValue(stop),
        "step" => new IntegerValue(step),
        _ => null,
    };

    public override Value? FindItem(Value key, RenderBudget budget)
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

    public override int ComputeHash() => count;

    private IntegerValue At(int index) => new(start + (index * step));
}
