using System.Globalization;
using System.Numerics;
using RkLlama.Prompts.Jinja.Nodes;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Syntax;

/// <summary>Parses the operands of operators: literals, names and brackets, and the members, calls, filters and tests that follow them.</summary>
internal sealed class PrimaryParser(TokenStream tokens, ExpressionParser expressions)
{
    public Expression ParsePrimary()
    {
        Token token = tokens.Next();
        switch (token.Kind)
        {
            case TokenKind.Name:
                return ParseName(token.Text);
            case TokenKind.String:
                string text = token.Text;
                while (tokens.Current.Kind == TokenKind.String)
                    text += tokens.Next().Text;
                return new LiteralExpression(StringValue.FromTemplate(text));
            case TokenKind.Integer:
                return new LiteralExpression(new IntegerValue(ParseInteger(token.Text)));
            case TokenKind.Float:
                string digits = token.Text.Replace("_", "", StringComparison.Ordinal);
                return new LiteralExpression(new FloatValue(double.Parse(digits, NumberStyles.Float, CultureInfo.InvariantCulture)));
            case TokenKind.Operator when token.Text == "(":
                Expression inner = expressions.ParseTuple(isParenthesized: true);
                tokens.ExpectOperator(")");
                return inner;
            case TokenKind.Operator when token.Text == "[":
                return new ListExpression(ParseItems("]", () => expressions.Parse()));
            case TokenKind.Operator when token.Text == "{":
                return new DictExpression(ParseItems("}", () =>
                {
                    Expression key = expressions.Parse();
                    tokens.ExpectOperator(":");
                    return (key, expressions.Parse());
                }));
            default:
                throw tokens.Error($"unexpected {TokenStream.Describe(token)}");
        }
    }

    private Expression ParseName(string name)
    {
        switch (name)
        {
            case "true" or "True":
                return new LiteralExpression(BooleanValue.True);
            case "false" or "False":
                return new LiteralExpression(BooleanValue.False);
            case "none" or "None":
                return new LiteralExpression(NoneValue.Instance);
            default:
                expressions.MentionedNames.Add(name);
                return new NameExpression(name);
        }
    }

    private List<T> ParseItems<T>(string close, Func<T> parse)
    {
        List<T> items = [];
        while (!tokens.Current.IsOperator(close))
        {
            if (items.Count > 0)
                tokens.ExpectOperator(",");
            if (tokens.Current.IsOperator(close))
                break;
            items.Add(parse());
        }
        tokens.ExpectOperator(close);
        return items;
    }

    public Expression ParsePostfix(Expression expression)
    {
        for (int length = 0; ; length++)
        {
            tokens.CheckChain(length);
            if (tokens.SkipOperator("."))
                expression = ParseDot(expression);
            else if (tokens.SkipOperator("["))
                expression = new ItemExpression(expression, ParseSubscript());
            else if (tokens.Current.IsOperator("("))
                expression = new CallExpression(expression, expressions.ParseArguments());
            else
                return expression;
        }
    }

    public Expression ParseFilters(Expression expression)
    {
        for (int length = 0; ; length++)
        {
            tokens.CheckChain(length);
            if (tokens.SkipOperator("|"))
            {
                (string name, ArgumentList arguments) = ParseFilter();
                expression = new FilterExpression(expression, name, arguments);
            }
            else if (tokens.SkipName("is"))
                expression = ParseTest(expression);
            else if (tokens.Current.IsOperator("("))
                expression = new CallExpression(expression, expressions.ParseArguments());
            else
                return expression;
        }
    }

    private Expression ParseDot(Expression target)
    {
        Token member = tokens.Next();
        return member.Kind switch
        {
            TokenKind.Name => new AttributeExpression(target, member.Text),
            TokenKind.Integer => new ItemExpression(target, new LiteralExpression(new IntegerValue(ParseInteger(member.Text)))),
            _ => throw tokens.Error("expected name or number"),
        };
    }

    private Expression ParseSubscript()
    {
        List<Expression> keys = [];
        while (!tokens.Current.IsOperator("]"))
        {
            if (keys.Count > 0)
                tokens.ExpectOperator(",");
            keys.Add(ParseKey());
        }
        tokens.ExpectOperator("]");
        return keys.Count == 1 ? keys[0] : new TupleExpression(keys);
    }

    private Expression ParseKey()
    {
        Expression? start = null;
        if (!tokens.Current.IsOperator(":"))
        {
            start = expressions.Parse();
            if (!tokens.Current.IsOperator(":"))
                return start;
        }
        tokens.Next();
        Expression? stop = IsKeyEnd() || tokens.Current.IsOperator(":") ? null : expressions.Parse();
        Expression? step = tokens.SkipOperator(":") && !IsKeyEnd() ? expressions.Parse() : null;
        return new SliceExpression(start, stop, step);
    }

    private bool IsKeyEnd() => tokens.Current.IsOperator("]") || tokens.Current.IsOperator(",");

    public (string Name, ArgumentList Arguments) ParseFilter()
    {
        string name = ParseDottedName();
        return (name, tokens.Current.IsOperator("(") ? expressions.ParseArguments() : ArgumentList.Empty);
    }

    private Expression ParseTest(Expression input)
    {
        bool isNegated = tokens.SkipName("not");
        string name = ParseDottedName();
        ArgumentList arguments = ArgumentList.Empty;
        if (tokens.Current.IsOperator("("))
        {
            arguments = expressions.ParseArguments();
        }
        else if (StartsTestArgument())
        {
            if (tokens.Current.IsName("is"))
                throw tokens.Error("You cannot chain multiple tests with is");
            arguments = new ArgumentList([ParsePostfix(ParsePrimary())], [], null, null);
        }
        Expression test = new TestExpression(input, name, arguments);
        return isNegated ? new NotExpression(test) : test;
    }

    private bool StartsTestArgument() => tokens.Current.Kind switch
    {
        TokenKind.Name => tokens.Current.Text is not ("else" or "or" or "and"),
        TokenKind.String or TokenKind.Integer or TokenKind.Float => true,
        TokenKind.Operator => tokens.Current.Text is "[" or "{",
        _ => false,
    };

    private string ParseDottedName()
    {
        string name = tokens.ExpectName();
        while (tokens.SkipOperator("."))
            name += "." + tokens.ExpectName();
        return name;
    }

    private static BigInteger ParseInteger(string literal)
    {
        string digits = literal.Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();
        if (digits.Length > 4300)
            throw new TemplateException("a number of the chat template is too large");
        (int radix, int skip) = digits switch { ['0', 'x', ..] => (16, 2), ['0', 'o', ..] => (8, 2), ['0', 'b', ..] => (2, 2), _ => (10, 0) };
        BigInteger number = 0;
        foreach (char digit in digits.AsSpan(skip))
            number = (number * radix) + (char.IsAsciiDigit(digit) ? digit - '0' : digit - 'a' + 10);
        return number;
    }
}
