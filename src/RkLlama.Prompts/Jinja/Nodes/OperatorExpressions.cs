using RkLlama.Prompts.Jinja.Operations;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Nodes;

internal sealed class NotExpression(Expression operand) : Expression
{
    protected override Value EvaluateCore(RenderState state) => BooleanValue.Of(!operand.Evaluate(state).IsTrue);
}

/// <summary>
/// The expression <c>a and b and c</c>, or the same with <c>or</c>. As in Python, the result of <c>and</c> is the first false operand, and the result of
/// <c>or</c> is the first true operand. If there is no such operand, the result is the last operand.
/// </summary>
internal sealed class LogicalExpression(bool isAnd, IReadOnlyList<Expression> operands) : Expression
{
    protected override Value EvaluateCore(RenderState state)
    {
        Value value = operands[0].Evaluate(state);
        for (int i = 1; i < operands.Count && value.IsTrue == isAnd; i++)
            value = operands[i].Evaluate(state);
        return value;
    }
}

internal sealed class UnaryExpression(bool isMinus, Expression operand) : Expression
{
    protected override Value EvaluateCore(RenderState state) =>
        isMinus ? PythonOperators.Negate(operand.Evaluate(state)) : PythonOperators.Plus(operand.Evaluate(state));
}

/// <summary>An expression such as <c>a + b - c</c>: operators of the same precedence, applied from left to right.</summary>
internal sealed class BinaryExpression(Expression first, IReadOnlyList<(string Operation, Expression Operand)> rest) : Expression
{
    protected override Value EvaluateCore(RenderState state)
    {
        Value value = first.Evaluate(state);
        foreach ((string operation, Expression operand) in rest)
            value = Apply(operation, value, operand.Evaluate(state), state);
        return value;
    }

    private static Value Apply(string operation, Value left, Value right, RenderState state)
    {
        state.Budget.Step();
        return operation switch
        {
            "+" => PythonOperators.Add(left, right, state.Budget),
            "-" => PythonOperators.Subtract(left, right),
            "*" => PythonOperators.Multiply(left, right, state.Budget),
            "/" => PythonOperators.Divide(left, right),
            "//" => PythonOperators.FloorDivide(left, right),
            "%" => PythonOperators.Modulo(left, right, state),
            _ => PythonOperators.Power(left, right),
        };
    }
}

/// <summary>The expression <c>a ~ b ~ c</c>: converts the operands to strings and concatenates them.</summary>
internal sealed class ConcatenationExpression(IReadOnlyList<Expression> operands) : Expression
{
    protected override Value EvaluateCore(RenderState state)
    {
        TextBuilder text = new(state.Budget);
        foreach (Expression operand in operands)
            operand.Evaluate(state).WriteText(text);
        return text.ToValue();
    }
}

/// <summary>
/// An expression such as <c>a &lt; b == c</c>. As in Python, this means a &lt; b and b == c: each operand is compared with the next one, until a comparison is
/// false.
/// </summary>
internal sealed class ComparisonExpression(Expression first, IReadOnlyList<(string Operation, Expression Operand)> rest) : Expression
{
    protected override Value EvaluateCore(RenderState state)
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
        "==" => left.IsEqualTo(right, budget),
        "!=" => !left.IsEqualTo(right, budget),
        "in" => PythonOperators.Contains(right, left, budget),
        "not in" => !PythonOperators.Contains(right, left, budget),
        "<" => PythonOperators.Compare(left, right, operation, budget) < 0,
        "<=" => PythonOperators.Compare(left, right, operation, budget) <= 0,
        ">" => PythonOperators.Compare(left, right, operation, budget) > 0,
        _ => PythonOperators.Compare(left, right, operation, budget) >= 0,
    };
}
