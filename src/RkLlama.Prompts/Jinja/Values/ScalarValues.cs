using System.Globalization;
using System.Numerics;

namespace RkLlama.Prompts.Jinja.Values;

/// <summary>Python's <c>None</c>.</summary>
internal sealed class NoneValue : Value
{
    private NoneValue()
    {
    }

    public static NoneValue Instance { get; } = new();

    public override string TypeName => "NoneType";

    public override bool IsTrue => false;

    public override void WriteText(TextBuilder output) => output.Append("None");
}

/// <summary>A Python number: <c>bool</c>, <c>int</c> or <c>float</c>. Numbers of different types can be compared, added and so on.</summary>
internal abstract class NumberValue : Value
{
    public abstract double ToDouble();

    public sealed override bool IsEqualTo(Value other) => other is NumberValue number && PythonNumbers.Compare(this, number) == 0;

    public sealed override int ComputeHash()
    {
        double value = ToDouble();
        return this is IntegerValue integer && (double.IsInfinity(value) || new BigInteger(value) != integer.Number)
            ? integer.Number.GetHashCode()
            : value.GetHashCode();
    }
}

/// <summary>A Python <c>int</c> of any size. As in Python, <see cref="BooleanValue"/> is a subclass.</summary>
internal class IntegerValue(BigInteger number) : NumberValue
{
    public BigInteger Number { get; } = number;

    public override string TypeName => "int";

    public override bool IsTrue => !Number.IsZero;

    // The conversion of .NET truncates a large integer. Python rounds it.
    public override double ToDouble() => Number.GetBitLength() <= 53
        ? (double)Number
        : double.Parse(Number.ToString(CultureInfo.InvariantCulture), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    public override void WriteText(TextBuilder output) => output.Append(PythonNumbers.Format(Number));
}

/// <summary>Python's <c>True</c> or <c>False</c>.</summary>
internal sealed class BooleanValue : IntegerValue
{
    private BooleanValue(bool value) : base(value ? 1 : 0)
    {
    }

    public static BooleanValue True { get; } = new(true);

    public static BooleanValue False { get; } = new(false);

    public override string TypeName => "bool";

    public static BooleanValue Of(bool value) => value ? True : False;

    public override void WriteText(TextBuilder output) => output.Append(IsTrue ? "True" : "False");
}

/// <summary>A Python <c>float</c>.</summary>
internal sealed class FloatValue(double number) : NumberValue
{
    public double Number { get; } = number;

    public override string TypeName => "float";

    public override bool IsTrue => Number != 0;

    public override double ToDouble() => Number;

    public override void WriteText(TextBuilder output) => output.Append(PythonNumbers.Format(Number));
}
