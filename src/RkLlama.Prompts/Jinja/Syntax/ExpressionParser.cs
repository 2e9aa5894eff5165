using System.Globalization;
using System.Numerics;
using RkLlama.Prompts.Jinja.Nodes;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Syntax;

/// <summary>Reads expressions, by jinja2's grammar and precedence.</summary>
internal sealed class ExpressionParser(TokenStream tokens)
{
    /// <summary>The names that were mentioned so far; statements that need to know swap it for a set of their own.</summary>
    public HashSet<string> Names { get; set; } = new(StringComparer.Ordinal);

    public Expression Parse(bool withConditional = true) => withConditional ? ParseConditional() : ParseOr();

    /// <summary>One expression, or several with commas between them, which make a tuple.</summary>
    public Expression ParseTuple(bool withConditional = true, bool isParenthesized = false, string? endName = null)
    {
        RenderBudget.CheckStack();
        List<Expression> items = [];
        bool isTuple = false;
        while (true)
        {
            if (items.Count > 0)
                tokens.ExpectOperator(",");
            if (IsTupleEnd(endName))
                break;
            items.Add(Parse(withConditional));
            if (!tokens.Current.IsOperator(","))
                break;
            isTuple = true;
        }
        if (isTuple || (items.Count == 0 && isParenthesized))
            return new TupleExpression(items);
        return items.Count > 0 ? items[0] : throw tokens.Error($"Expected an expression, got {TokenStream.Describe(tokens.Current)}");
    }

    /// <summary>What may be assigned to: a name, names with commas between them, and with <paramref name="allowNamespace"/> <c>ns.name</c>.</summary>
    public AssignmentTarget ParseTarget(bool allowNamespace = false, string? endName = null)
    {
        RenderBudget.CheckStack();
        List<AssignmentTarget> targets = [];
        bool isTuple = false;
        while (true)
        {
            if (targets.Count > 0)
                tokens.ExpectOperator(",");
            if (IsTupleEnd(endName))
                break;
            targets.Add(ParseSingleTarget(allowNamespace));
            if (!tokens.Current.IsOperator(","))
                break;
            isTuple = true;
        }
        if (targets.Count == 0)
            throw tokens.Error("expected a name to assign to");
        return isTuple ? new TupleTarget(targets) : targets[0];
    }

    /// <summary>The filters of a block: <c>name(arguments) | name …</c>.</summary>
    public FilterExpression ParseBlockFilter()
    {
        FilterExpression filter = ParseFilter(null);
        while (tokens.SkipOperator("|"))
            filter = ParseFilter(filter);
        return filter;
    }

    public ArgumentList ParseArguments()
    {
        List<Expression> positional = [];
        List<KeyValuePair<string, Expression>> named = [];
        Expression? spread = null, namedSpread = null;
        tokens.ExpectOperator("(");
        bool first = true;
        while (!tokens.Current.IsOperator(")"))
        {
            if (!first)
            {
                tokens.ExpectOperator(",");
                if (tokens.Current.IsOperator(")"))
                    break;
            }
            first = false;
            if (tokens.Current.IsOperator("*"))
            {
                Require(spread is null && namedSpread is null);
                tokens.Next();
                spread = Parse();
            }
            else if (tokens.Current.IsOperator("**"))
            {
                Require(namedSpread is null);
                tokens.Next();
                namedSpread = Parse();
            }
            else if (tokens.Current.Kind == TokenKind.Name && tokens.Ahead.IsOperator("="))
            {
                Require(namedSpread is null);
                string name = tokens.Next().Text;
                tokens.Next();
                named.Add(new(name, Parse()));
            }
            else
            {
                Require(spread is null && namedSpread is null && named.Count == 0);
                positional.Add(Parse());
            }
        }
        tokens.ExpectOperator(")");
        return new ArgumentList(positional, named, spread, namedSpread);
    }

    private void Require(bool isValid)
    {
        if (!isValid)
            throw tokens.Error("invalid syntax for function call expression");
    }

    private bool IsTupleEnd(string? endName) =>
        tokens.Current.Kind is TokenKind.VariableEnd or TokenKind.BlockEnd || tokens.Current.IsOperator(")")
        || (endName is not null && tokens.Current.IsName(endName));

    private AssignmentTarget ParseSingleTarget(bool allowNamespace)
    {
        if (tokens.SkipOperator("("))
        {
            AssignmentTarget inner = ParseTarget(allowNamespace);
            tokens.ExpectOperator(")");
            return inner;
        }
        string name = tokens.ExpectName();
        if (allowNamespace && tokens.SkipOperator("."))
            return new NamespaceTarget(name, tokens.ExpectName());
        return name is "true" or "false" or "none" or "True" or "False" or "None"
            ? throw tokens.Error($"can't assign to '{name}'")
            : new NameTarget(name);
    }

    private Expression ParseConditional()
    {
        RenderBudget.CheckStack();
        Expression expression = ParseOr();
        while (tokens.SkipName("if"))
        {
            Expression condition = ParseOr();
            Expression? otherwise = tokens.SkipName("else") ? ParseConditional() : null;
            expression = new ConditionalExpression(condition, expression, otherwise);
        }
        return expression;
    }

    private Expression ParseOr()
    {
        Expression left = ParseAnd();
        while (tokens.SkipName("or"))
            left = new LogicalExpression(isAnd: false, left, ParseAnd());
        return left;
    }

    private Expression ParseAnd()
    {
        Expression left = ParseNot();
        while (tokens.SkipName("and"))
            left = new LogicalExpression(isAnd: true, left, ParseNot());
        return left;
    }

    private Expression ParseNot()
    {
        RenderBudget.CheckStack();
        return tokens.SkipName("not") ? new NotExpression(ParseNot()) : ParseComparison();
    }

    private Expression ParseComparison()
    {
        Expression first = ParseSum();
        List<(string, Expression)> rest = [];
        while (true)
        {
            if (tokens.Current is { Kind: TokenKind.Operator, Text: "==" or "!=" or "<" or "<=" or ">" or ">=" })
            {
                string operation = tokens.Next().Text;
                rest.Add((operation, ParseSum()));
            }
            else if (tokens.SkipName("in"))
            {
                rest.Add(("in", ParseSum()));
            }
            else if (tokens.Current.IsName("not") && tokens.Ahead.IsName("in"))
            {
                tokens.Next();
                tokens.Next();
                rest.Add(("not in", ParseSum()));
            }
            else
            {
                return rest.Count == 0 ? first : new ComparisonExpression(first, rest);
            }
        }
    }

    private Expression ParseSum()
    {
        Expression left = ParseConcatenation();
        while (tokens.Current is { Kind: TokenKind.Operator, Text: "+" or "-" })
        {
            string operation = tokens.Next().Text;
            left = new BinaryExpression(operation, left, ParseConcatenation());
        }
        return left;
    }

    private Expression ParseConcatenation()
    {
        List<Expression> operands = [ParseProduct()];
        while (tokens.SkipOperator("~"))
            operands.Add(ParseProduct());
        return operands.Count == 1 ? operands[0] : new ConcatenationExpression(operands);
    }

    private Expression ParseProduct()
    {
        Expression left = ParsePower();
        while (tokens.Current is { Kind: TokenKind.Operator, Text: "*" or "/" or "//" or "%" })
        {
            string operation = tokens.Next().Text;
            left = new BinaryExpression(operation, left, ParsePower());
        }
        return left;
    }

    private Expression ParsePower()
    {
        Expression left = ParseUnary(withFilter: true);
        while (tokens.SkipOperator("**"))
            left = new BinaryExpression("**", left, ParseUnary(withFilter: true));
        return left;
    }

    private Expression ParseUnary(bool withFilter)
    {
        RenderBudget.CheckStack();
        Expression expression;
        if (tokens.SkipOperator("-"))
            expression = new UnaryExpression(isMinus: true, ParseUnary(withFilter: false));
        else if (tokens.SkipOperator("+"))
            expression = new UnaryExpression(isMinus: false, ParseUnary(withFilter: false));
        else
            expression = ParsePrimary();
        expression = ParsePostfix(expression);
        return withFilter ? ParseFilters(expression) : expression;
    }

    private Expression ParsePrimary()
    {
        Token token = tokens.Next();
        switch (token.Kind)
        {
            case TokenKind.Name:
                return ParseName(token.Text);
            case TokenKind.Text:
                string text = token.Text;
                while (tokens.Current.Kind == TokenKind.Text)
                    text += tokens.Next().Text;
                return new LiteralExpression(TextValue.Template(text));
            case TokenKind.Integer:
                return new LiteralExpression(new IntegerValue(ParseInteger(token.Text)));
            case TokenKind.Float:
                string digits = token.Text.Replace("_", "", StringComparison.Ordinal);
                return new LiteralExpression(new FloatValue(double.Parse(digits, NumberStyles.Float, CultureInfo.InvariantCulture)));
            case TokenKind.Operator when token.Text == "(":
                Expression inner = ParseTuple(isParenthesized: true);
                tokens.ExpectOperator(")");
                return inner;
            case TokenKind.Operator when token.Text == "[":
                return new ListExpression(ParseItems("]", () => Parse()));
            case TokenKind.Operator when token.Text == "{":
                return new DictExpression(ParseItems("}", () =>
                {
                    Expression key = Parse();
                    tokens.ExpectOperator(":");
                    return (key, Parse());
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
                Names.Add(name);
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

    private Expression ParsePostfix(Expression expression)
    {
        while (true)
        {
            if (tokens.SkipOperator("."))
                expression = ParseDot(expression);
            else if (tokens.SkipOperator("["))
                expression = new ItemExpression(expression, ParseSubscript());
            else if (tokens.Current.IsOperator("("))
                expression = new CallExpression(expression, ParseArguments());
            else
                return expression;
        }
    }

    private Expression ParseFilters(Expression expression)
    {
        while (true)
        {
            if (tokens.SkipOperator("|"))
                expression = ParseFilter(expression);
            else if (tokens.SkipName("is"))
                expression = ParseTest(expression);
            else if (tokens.Current.IsOperator("("))
                expression = new CallExpression(expression, ParseArguments());
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
            start = Parse();
            if (!tokens.Current.IsOperator(":"))
                return start;
        }
        tokens.Next();
        Expression? stop = IsKeyEnd() || tokens.Current.IsOperator(":") ? null : Parse();
        Expression? step = tokens.SkipOperator(":") && !IsKeyEnd() ? Parse() : null;
        return new SliceExpression(start, stop, step);
    }

    private bool IsKeyEnd() => tokens.Current.IsOperator("]") || tokens.Current.IsOperator(",");

    private FilterExpression ParseFilter(Expression? input)
    {
        string name = ParseDottedName();
        return new FilterExpression(input, name, tokens.Current.IsOperator("(") ? ParseArguments() : ArgumentList.Empty);
    }

    private Expression ParseTest(Expression input)
    {
        bool isNegated = tokens.SkipName("not");
        string name = ParseDottedName();
        ArgumentList arguments = ArgumentList.Empty;
        if (tokens.Current.IsOperator("("))
        {
            arguments = ParseArguments();
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
        TokenKind.Text or TokenKind.Integer or TokenKind.Float => true,
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
