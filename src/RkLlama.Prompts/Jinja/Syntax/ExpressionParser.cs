using RkLlama.Prompts.Jinja.Nodes;

namespace RkLlama.Prompts.Jinja.Syntax;

/// <summary>Parses expressions with the grammar and the operator precedence of jinja2.</summary>
internal sealed class ExpressionParser
{
    private readonly TokenStream _tokens;
    private readonly PrimaryParser _terms;

    public ExpressionParser(TokenStream tokens)
    {
        _tokens = tokens;
        _terms = new PrimaryParser(tokens, this);
    }

    /// <summary>
    /// The names of all variables in the expressions parsed so far. For the body of a macro, <see cref="Parser"/> replaces the set by an empty one, and later
    /// restores the old set and adds the names of the body to it.
    /// </summary>
    public HashSet<string> MentionedNames { get; set; } = new(StringComparer.Ordinal);

    public Expression Parse(bool withConditional = true) => withConditional ? ParseConditional() : ParseOr();

    /// <summary>Parses one expression, or a tuple of expressions separated by commas.</summary>
    /// <param name="withConditional">Whether an expression may be a conditional one: <c>a if b else c</c>.</param>
    /// <param name="isParenthesized">Whether the tuple may be empty, because it is in parentheses.</param>
    /// <param name="endName">A name that ends the tuple, such as <c>recursive</c>; null for none.</param>
    public Expression ParseTuple(bool withConditional = true, bool isParenthesized = false, string? endName = null)
    {
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

    /// <summary>Parses an assignment target: a name, a tuple of targets, or an attribute of a namespace.</summary>
    /// <param name="allowNamespace">Whether <c>ns.name</c> is allowed.</param>
    /// <param name="endName">A name that ends a tuple, such as <c>in</c>; null for none.</param>
    public AssignmentTarget ParseTarget(bool allowNamespace = false, string? endName = null)
    {
        _tokens.EnterNesting();
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
        _tokens.LeaveNesting();
        if (targets.Count == 0)
            throw _tokens.Error("expected a name to assign to");
        return isTuple ? new TupleTarget(targets) : targets[0];
    }

    /// <summary>Parses the filters of a block, such as <c>indent(2) | trim</c>. Returns them in the order in which they are applied.</summary>
    public IReadOnlyList<BlockFilter> ParseBlockFilters()
    {
        List<BlockFilter> filters = [];
        do
        {
            (string name, ArgumentList arguments) = _terms.ParseFilter();
            filters.Add(new BlockFilter(name, arguments));
        }
        while (_tokens.SkipOperator("|"));
        return filters;
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
            else if (_tokens.Current.Kind == TokenKind.Name && _tokens.Following.IsOperator("="))
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
        _tokens.EnterNesting();
        Expression expression = ParseOr();
        for (int length = 1; _tokens.SkipName("if"); length++)
        {
            _tokens.CheckChain(length);
            Expression condition = ParseOr();
            Expression? elsePart = _tokens.SkipName("else") ? ParseConditional() : null;
            expression = new ConditionalExpression(condition, expression, elsePart);
        }
        _tokens.LeaveNesting();
        return expression;
    }

    private Expression ParseOr()
    {
        List<Expression> operands = [ParseAnd()];
        while (_tokens.SkipName("or"))
            Add(operands, ParseAnd());
        return operands.Count == 1 ? operands[0] : new LogicalExpression(isAnd: false, operands);
    }

    private Expression ParseAnd()
    {
        List<Expression> operands = [ParseNot()];
        while (_tokens.SkipName("and"))
            Add(operands, ParseNot());
        return operands.Count == 1 ? operands[0] : new LogicalExpression(isAnd: true, operands);
    }

    private Expression ParseNot()
    {
        if (!_tokens.SkipName("not"))
            return ParseComparison();
        _tokens.EnterNesting();
        Expression operand = ParseNot();
        _tokens.LeaveNesting();
        return new NotExpression(operand);
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
                Add(rest, (operation, ParseSum()));
            }
            else if (_tokens.SkipName("in"))
            {
                Add(rest, ("in", ParseSum()));
            }
            else if (_tokens.Current.IsName("not") && _tokens.Following.IsName("in"))
            {
                _tokens.Next();
                _tokens.Next();
                Add(rest, ("not in", ParseSum()));
            }
            else
            {
                return rest.Count == 0 ? first : new ComparisonExpression(first, rest);
            }
        }
    }

    private Expression ParseSum()
    {
        Expression first = ParseConcatenation();
        List<(string, Expression)> rest = [];
        while (_tokens.Current is { Kind: TokenKind.Operator, Text: "+" or "-" })
            Add(rest, (_tokens.Next().Text, ParseConcatenation()));
        return rest.Count == 0 ? first : new BinaryExpression(first, rest);
    }

    private Expression ParseConcatenation()
    {
        List<Expression> operands = [ParseProduct()];
        while (_tokens.SkipOperator("~"))
            Add(operands, ParseProduct());
        return operands.Count == 1 ? operands[0] : new ConcatenationExpression(operands);
    }

    private Expression ParseProduct()
    {
        Expression first = ParsePower();
        List<(string, Expression)> rest = [];
        while (_tokens.Current is { Kind: TokenKind.Operator, Text: "*" or "/" or "//" or "%" })
            Add(rest, (_tokens.Next().Text, ParsePower()));
        return rest.Count == 0 ? first : new BinaryExpression(first, rest);
    }

    private Expression ParsePower()
    {
        Expression first = ParseUnary(withFilter: true);
        List<(string, Expression)> rest = [];
        while (_tokens.SkipOperator("**"))
            Add(rest, ("**", ParseUnary(withFilter: true)));
        return rest.Count == 0 ? first : new BinaryExpression(first, rest);
    }

    private Expression ParseUnary(bool withFilter)
    {
        Expression expression = _tokens.Current is { Kind: TokenKind.Operator, Text: "-" or "+" } ? ParseSign() : _terms.ParsePrimary();
        expression = _terms.ParsePostfix(expression);
        return withFilter ? _terms.ParseFilters(expression) : expression;
    }

    private void Add<T>(List<T> operands, T operand)
    {
        operands.Add(operand);
        _tokens.CheckOperands(operands.Count);
    }

    private UnaryExpression ParseSign()
    {
        bool isMinus = _tokens.Next().Text == "-";
        _tokens.EnterNesting();
        Expression operand = ParseUnary(withFilter: false);
        _tokens.LeaveNesting();
        return new UnaryExpression(isMinus, operand);
    }
}
