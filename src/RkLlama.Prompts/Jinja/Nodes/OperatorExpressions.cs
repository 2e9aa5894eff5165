using RkLlama.Prompts.Jinja.Library;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Nodes;

internal sealed class NotExpression(Expression operand) : Expression
{
    protected override Value Compute(RenderState state) => BooleanValue.Of(!operand.Evaluate(state).IsTrue);
}

/// <summary><c>and</c> or <c>or</c>: gives one of its operands, and evaluates the second only where it decides.</summary>
internal sealed class LogicalExpression(bool isAnd, Expression left, Expression right) : Expression
{
    protected override Value Compute(RenderState state)
    {
        Value value = left.Evaluate(state);
        return value.IsTrue == isAnd ? right.Evaluate(state) : value;
    }
}

internal sealed class UnaryExpression(bool isMinus, Expression operand) : Expression
{
    protected override Value Compute(RenderState state) =>
        isMinus ? Operators.Negate(operand.Evaluate(state)) : Operators.Plus(operand.Evaluate(state));
}

internal sealed class BinaryExpression(string operation, Expression left, Expression right) : Expression
{
    protected override Value Compute(RenderState state)
    {
        Value a = left.Evaluate(state), b = right.Evaluate(state);
        return operation switch
        {
            "+" => Operators.Add(a, b, state.Budget),
            "-" => Operators.Subtract(a, b),
            "*" => Operators.Multiply(a, b, state.Budget),
            "/" => Operators.Divide(a, b),
            "//" => Operators.FloorDivide(a, b),
            "%" => Operators.Modulo(a, b, state),
            _ => Operators.Power(a, b),
        };
    }
}

/// <summary><c>a ~ b ~ c</c>: the texts of all operands.</summary>
internal sealed class ConcatenationExpression(IReadOnlyList<Expression> operands) : Expression
{
    protected override Value Compute(RenderState state)
    {
        TextBuilder text = new(state.Budget);
        foreach (Expression operand in operands)
            operand.Evaluate(state).WriteText(text);
        return text.ToValue();
    }
}

/// <summary><c>a &lt; b == c in d</c>: each neighbour is compared, until one comparison fails.</summary>
internal sealed class ComparisonExpression(Expression first, IReadOnlyList<(string Operation, Expression Operand)> rest) : Expression
{
    protected override Value Compute(RenderState state)
    {
        Value left = first.Evaluate(state);
        foreach ((string operation, Expression operand) in rest)
        {
            Value right = operand.Evaluate(state);
            if (!Holds(operation, left, right, state.Budget))
                return BooleanValue.False;
            left = right;
        }
        return BooleanValue.True;
    }

    private static bool Holds(string operation, Value left, Value right, RenderBudget budget) => operation switch
    {
        "==" => left.IsEqualTo(right),
        "!=" => !left.IsEqualTo(right),
        "in" => Operators.Contains(right, left, budget),
        "not in" => !Operators.Contains(right, left, budget),
        "<" => Operators.Compare(left, right, operation) < 0,
        "<=" => Operators.Compare(left, right, operation) <= 0,
        ">" => Operators.Compare(left, right, operation) > 0,
        _ => Operators.Compare(left, right, operation) >= 0,
    };
}
