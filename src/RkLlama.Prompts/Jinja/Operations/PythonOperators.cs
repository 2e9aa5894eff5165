using System.Numerics;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Operations;

/// <summary>Python's operators. They throw a <see cref="TemplateException"/> if the operands have unsupported types.</summary>
internal static class PythonOperators
{
    public static Value Add(Value left, Value right, RenderBudget budget)
    {
        switch (left, right)
        {
            case (NumberValue a, NumberValue b):
                return PythonNumbers.Add(a, b);
            case (StringValue a, StringValue b):
                return Concatenate(a, b, budget);
            case (ListValue a, ListValue b):
                budget.AddItems(a.Items.Count + b.Items.Count);
                return new ListValue([.. a.Items, .. b.Items]);
            case (TupleValue a, TupleValue b):
                budget.AddItems(a.Items.Count + b.Items.Count);
                return new TupleValue([.. a.Items, .. b.Items]);
            default:
                throw Unsupported("+", left, right);
        }
    }

    public static Value Subtract(Value left, Value right) =>
        left is NumberValue a && right is NumberValue b ? PythonNumbers.Subtract(a, b) : throw Unsupported("-", left, right);

    public static Value Multiply(Value left, Value right, RenderBudget budget) => (left, right) switch
    {
        (NumberValue a, NumberValue b) => PythonNumbers.Multiply(a, b),
        (StringValue or SequenceValue, IntegerValue count) => Repeat(left, count.Number, budget),
        (IntegerValue count, StringValue or SequenceValue) => Repeat(right, count.Number, budget),
        _ => throw Unsupported("*", left, right),
    };

    public static Value Divide(Value left, Value right) =>
        left is NumberValue a && right is NumberValue b ? PythonNumbers.Divide(a, b) : throw Unsupported("/", left, right);

    public static Value FloorDivide(Value left, Value right) =>
        left is NumberValue a && right is NumberValue b ? PythonNumbers.FloorDivide(a, b) : throw Unsupported("//", left, right);

    public static Value Modulo(Value left, Value right, RenderState state) => (left, right) switch
    {
        (NumberValue a, NumberValue b) => PythonNumbers.Modulo(a, b),
        (StringValue format, _) => PercentFormat.Apply(format, right, state),
        _ => throw Unsupported("%", left, right),
    };

    public static Value Power(Value left, Value right) =>
        left is NumberValue a && right is NumberValue b ? PythonNumbers.Power(a, b) : throw Unsupported("**", left, right);

    public static Value Negate(Value value) => value switch
    {
        NumberValue number => PythonNumbers.Negate(number),
        UndefinedValue undefined => throw undefined.Error(),
        _ => throw new TemplateException($"bad operand type for unary -: '{value.TypeName}'"),
    };

    public static Value Plus(Value value) => value switch
    {
        BooleanValue boolean => new IntegerValue(boolean.Number),
        NumberValue number => number,
        UndefinedValue undefined => throw undefined.Error(),
        _ => throw new TemplateException($"bad operand type for unary +: '{value.TypeName}'"),
    };

    /// <summary>
    /// Compares two values for the operators <c>&lt;</c>, <c>&lt;=</c>, <c>&gt;</c> and <c>&gt;=</c>. Returns a negative value if left is less than right, 0 if
    /// they are equal, and a positive value if left is greater; null if one of them is NaN.
    /// </summary>
    /// <param name="operation">The operator, for the error message.</param>
    public static int? Compare(Value left, Value right, string operation, RenderBudget budget)
    {
        switch (left, right)
        {
            case (UndefinedValue undefined, _):
                throw undefined.Error();
            case (_, UndefinedValue undefined):
                throw undefined.Error();
            case (NumberValue a, NumberValue b):
                return PythonNumbers.Compare(a, b);
            case (StringValue a, StringValue b):
                budget.Step(Math.Min(a.Size, b.Size));
                return PythonStrings.Compare(a.Text, b.Text);
            case (SequenceValue a, SequenceValue b) when a.GetType() == b.GetType():
                for (int i = 0; i < Math.Min(a.Items.Count, b.Items.Count); i++)
                {
                    if (!a.Items[i].IsSameAs(b.Items[i], budget))
                        return Compare(a.Items[i], b.Items[i], operation, budget);
                }
                return a.Items.Count.CompareTo(b.Items.Count);
            default:
                throw new TemplateException(
                    $"'{operation}' not supported between instances of '{left.TypeName}' and '{right.TypeName}'");
        }
    }

    /// <summary>Python's <c>item in container</c>.</summary>
    public static bool Contains(Value container, Value item, RenderBudget budget)
    {
        switch (container)
        {
            case StringValue text when item is StringValue part:
                return TextSearch.IndexOf(text.Text, part.Text, budget) >= 0;
            case StringValue:
                throw new TemplateException($"'in <string>' requires string as left operand, not {item.TypeName}");
            case DictValue dict:
                return dict.Find(item) is not null;
        }
        using IEnumerator<Value> items = container.Iterate()
            ?? throw new TemplateException($"argument of type '{container.TypeName}' is not iterable");
        while (items.MoveNext())
        {
            budget.Step();
            if (items.Current.IsSameAs(item, budget))
                return true;
        }
        return false;
    }

    private static StringValue Concatenate(StringValue left, StringValue right, RenderBudget budget)
    {
        bool markup = left.IsMarkup || right.IsMarkup;
        TextBuilder builder = new(budget);
        builder.Append(markup ? PythonStrings.EscapeMarkup(left, budget) : left);
        builder.Append(markup ? PythonStrings.EscapeMarkup(right, budget) : right);
        return builder.ToValue().AsMarkup(markup);
    }

    private static Value Repeat(Value value, BigInteger count, RenderBudget budget)
    {
        int length = value is StringValue text ? text.Text.Length : ((SequenceValue)value).Items.Count;
        if (length * BigInteger.Max(count, 0) > budget.Limits.MaxTextLength)
            throw TemplateException.Exceeded("the chat template writes too much text");
        int times = length == 0 ? 0 : (int)BigInteger.Max(count, 0);
        if (value is SequenceValue sequence)
        {
            budget.AddItems((long)length * times);
            return sequence.With([.. Enumerable.Repeat(sequence.Items, times).SelectMany(items => items)]);
        }
        TextBuilder builder = new(budget);
        for (int i = 0; i < times; i++)
            builder.Append((StringValue)value);
        return builder.ToValue().AsMarkup(((StringValue)value).IsMarkup);
    }

    private static TemplateException Unsupported(string operation, Value left, Value right) =>
        (left as UndefinedValue ?? right as UndefinedValue)?.Error() ?? (operation, left) switch
        {
            ("+", StringValue) => new TemplateException($"can only concatenate str (not \"{right.TypeName}\") to str"),
            _ => new TemplateException($"unsupported operand type(s) for {operation}: '{left.TypeName}' and '{right.TypeName}'"),
        };
}
