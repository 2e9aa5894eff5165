using RkLlama.Prompts.Jinja.Nodes;

namespace RkLlama.Prompts.Jinja.Syntax;

/// <summary>Reads expressions, by jinja2's grammar and precedence.</summary>
internal sealed class ExpressionParser
{
    private readonly TokenStream _tokens;
    private readonly TermParser _terms;

    public ExpressionParser(TokenStream tokens)
    {
        _tokens = tokens;
        _terms = new TermParser(tokens, this);
    }

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
                _tokens.ExpectOperator(",");
            if (IsTupleEnd(endName))
                break;
            items.Add(Parse(withConditional));
            if (!_tokens.Current.IsOperator(","))
                break;
            isTuple = true;
        }
        if (isTuple || (items.Count == 0 && isParenthesized))
            return new TupleExpression(items);
        return items.Count > 0 ? items[0] : throw _tokens.Error($"Expected an expression, got {TokenStream.Describe(_tokens.Current)}");
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
                _tokens.ExpectOperator(",");
            if (IsTupleEnd(endName))
                break;
            targets.Add(ParseSingleTarget(allowNamespace));
            if (!_tokens.Current.IsOperator(","))
                break;
            isTuple = true;
        }
        if (targets.Count == 0)
            throw _tokens.Error("expected a name to assign to");
        return isTuple ? new TupleTarget(targets) : targets[0];
    }

    /// <summary>The filters of a block: <c>name(arguments) | name …</c>.</summary>
    public FilterExpression ParseBlockFilter()
    {
        FilterExpression filter = _terms.ParseFilter(null);
        while (_tokens.SkipOperator("|"))
            filter = _terms.ParseFilter(filter);
        return filter;
    }

    public ArgumentList ParseArguments()
    {
        List<Expression> positional = [];
        List<KeyValuePair<string, Expression>> named = [];
        Expression? spread = null, namedSpread = null;
        _tokens.ExpectOperator("(");
        bool first = true;
        while (!_tokens.Current.IsOperator(")"))
        {
            if (!first)
            {
                _tokens.ExpectOperator(",");
                if (_tokens.Current.IsOperator(")"))
                    break;
            }
            first = false;
            if (_tokens.Current.IsOperator("*"))
            {
                Require(spread is null && namedSpread is null);
                _tokens.Next();
                spread = Parse();
            }
            else if (_tokens.Current.IsOperator("**"))
            {
                Require(namedSpread is null);
                _tokens.Next();
                namedSpread = Parse();
            }
            else if (_tokens.Current.Kind == TokenKind.Name && _tokens.Ahead.IsOperator("="))
            {
                Require(namedSpread is null);
                string name = _tokens.Next().Text;
                _tokens.Next();
                named.Add(new(name, Parse()));
            }
            else
            {
                Require(spread is null && namedSpread is null && named.Count == 0);
                positional.Add(Parse());
            }
        }
        _tokens.ExpectOperator(")");
        return new ArgumentList(positional, named, spread, namedSpread);
    }

    private void Require(bool isValid)
    {
        if (!isValid)
            throw _tokens.Error("invalid syntax for function call expression");
    }

    private bool IsTupleEnd(string? endName) =>
        _tokens.Current.Kind is TokenKind.VariableEnd or TokenKind.BlockEnd || _tokens.Current.IsOperator(")")
        || (endName is not null && _tokens.Current.IsName(endName));

    private AssignmentTarget ParseSingleTarget(bool allowNamespace)
    {
        if (_tokens.SkipOperator("("))
        {
            AssignmentTarget inner = ParseTarget(allowNamespace);
            _tokens.ExpectOperator(")");
            return inner;
        }
        string name = _tokens.ExpectName();
        if (allowNamespace && _tokens.SkipOperator("."))
            return new NamespaceTarget(name, _tokens.ExpectName());
        return name is "true" or "false" or "none" or "True" or "False" or "None"
            ? throw _tokens.Error($"can't assign to '{name}'")
            : new NameTarget(name);
    }

    private Expression ParseConditional()
    {
        RenderBudget.CheckStack();
        Expression expression = ParseOr();
        while (_tokens.SkipName("if"))
        {
            Expression condition = ParseOr();
            Expression? otherwise = _tokens.SkipName("else") ? ParseConditional() : null;
            expression = new ConditionalExpression(condition, expression, otherwise);
        }
        return expression;
    }

    private Expression ParseOr()
    {
        Expression left = ParseAnd();
        while (_tokens.SkipName("or"))
            left = new LogicalExpression(isAnd: false, left, ParseAnd());
        return left;
    }

    private Expression ParseAnd()
    {
        Expression left = ParseNot();
        while (_tokens.SkipName("and"))
            left = new LogicalExpression(isAnd: true, left, ParseNot());
        return left;
    }

    private Expression ParseNot()
    {
        RenderBudget.CheckStack();
        return _tokens.SkipName("not") ? new NotExpression(ParseNot()) : ParseComparison();
    }

    private Expression ParseComparison()
    {
        Expression first = ParseSum();
        List<(string, Expression)> rest = [];
        while (true)
        {
            if (_tokens.Current is { Kind: TokenKind.Operator, Text: "==" or "!=" or "<" or "<=" or ">" or ">=" })
            {
                string operation = _tokens.Next().Text;
                rest.Add((operation, ParseSum()));
            }
            else if (_tokens.SkipName("in"))
            {
                rest.Add(("in", ParseSum()));
            }
            else if (_tokens.Current.IsName("not") && _tokens.Ahead.IsName("in"))
            {
                _tokens.Next();
                _tokens.Next();
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
        while (_tokens.Current is { Kind: TokenKind.Operator, Text: "+" or "-" })
        {
            string operation = _tokens.Next().Text;
            left = new BinaryExpression(operation, left, ParseConcatenation());
        }
        return left;
    }

    private Expression ParseConcatenation()
    {
        List<Expression> operands = [ParseProduct()];
        while (_tokens.SkipOperator("~"))
            operands.Add(ParseProduct());
        return operands.Count == 1 ? operands[0] : new ConcatenationExpression(operands);
    }

    private Expression ParseProduct()
    {
        Expression left = ParsePower();
        while (_tokens.Current is { Kind: TokenKind.Operator, Text: "*" or "/" or "//" or "%" })
        {
            string operation = _tokens.Next().Text;
            left = new BinaryExpression(operation, left, ParsePower());
        }
        return left;
    }

    private Expression ParsePower()
    {
        Expression left = ParseUnary(withFilter: true);
        while (_tokens.SkipOperator("**"))
            left = new BinaryExpression("**", left, ParseUnary(withFilter: true));
        return left;
    }

    private Expression ParseUnary(bool withFilter)
    {
        RenderBudget.CheckStack();
        Expression expression;
        if (_tokens.SkipOperator("-"))
            expression = new UnaryExpression(isMinus: true, ParseUnary(withFilter: false));
        else if (_tokens.SkipOperator("+"))
            expression = new UnaryExpression(isMinus: false, ParseUnary(withFilter: false));
        else
            expression = _terms.ParsePrimary();
        expression = _terms.ParsePostfix(expression);
        return withFilter ? _terms.ParseFilters(expression) : expression;
    }
}
