using RkLlama.Prompts.Jinja.Nodes;

namespace RkLlama.Prompts.Jinja.Syntax;

/// <summary>Parses a template: statements and the literal text between tags.</summary>
internal sealed class Parser
{
    private readonly TokenStream _tokens;
    private readonly ExpressionParser _expressions;

    // The number of loops around the current statement. Inside a macro, loops around the macro do not count.
    private int _loops;

    private Parser(string source)
    {
        _tokens = new TokenStream(Lexer.Tokenize(source));
        _expressions = new ExpressionParser(_tokens);
    }

    /// <exception cref="TemplateException">The template is not valid. The message has the line number.</exception>
    /// <param name="names">The names of all variables and functions that the template reads.</param>
    public static Block Parse(string source, out IReadOnlySet<string> names)
    {
        Parser parser = new(source);
        Block template = parser.ParseUntil();
        names = parser._expressions.MentionedNames;
        return parser._tokens.Current.Kind == TokenKind.End
            ? template
            : throw parser._tokens.Error($"Encountered unknown tag '{parser._tokens.Current.Text}'");
    }

    /// <summary>
    /// Parses statements up to a tag that begins with one of the names in <paramref name="ends"/>. Afterwards, this name is the current token. If
    /// <paramref name="ends"/> is empty, parses up to the end of the template.
    /// </summary>
    private Block ParseUntil(params ReadOnlySpan<string> ends)
    {
        _tokens.EnterNesting();
        List<Statement> statements = [];
        while (_tokens.Current.Kind != TokenKind.End)
        {
            Token token = _tokens.Next();
            switch (token.Kind)
            {
                case TokenKind.Data:
                    statements.Add(new TextStatement(token.Text));
                    break;
                case TokenKind.VariableBegin:
                    statements.Add(new OutputStatement(_expressions.ParseTuple()));
                    _tokens.Expect(TokenKind.VariableEnd, "the end of the print statement");
                    break;
                default:
                    if (_tokens.Current.Kind == TokenKind.Name && ends.Contains(_tokens.Current.Text))
                    {
                        _tokens.LeaveNesting();
                        return new Block(statements);
                    }
                    statements.Add(ParseStatement());
                    _tokens.Expect(TokenKind.BlockEnd, "the end of the statement block");
                    break;
            }
        }
        if (ends.Length > 0)
            throw _tokens.Error($"Unexpected end of template; looking for '{ends[^1]}'");
        return new Block(statements);
    }

    /// <summary>Parses the body of a statement: from the end of the statement's tag up to and including the name <paramref name="end"/>.</summary>
    private Block ParseBody(string end)
    {
        Block body = ParseBodyUntil(end);
        _tokens.Next();
        return body;
    }

    private Block ParseBodyUntil(params ReadOnlySpan<string> ends)
    {
        _tokens.SkipOperator(":");
        _tokens.Expect(TokenKind.BlockEnd, "the end of the statement block");
        return ParseUntil(ends);
    }

    private Statement ParseStatement()
    {
        string name = _tokens.Expect(TokenKind.Name, "a tag name").Text;
        return name switch
        {
            "for" => ParseFor(),
            "if" => ParseIf(),
            "set" => ParseSet(),
            "with" => ParseWith(),
            "macro" => ParseMacro(),
            "call" => ParseCall(),
            "filter" => new FilterBlockStatement(_expressions.ParseBlockFilters(), ParseBody("endfilter")),
            "print" => ParsePrint(),
            "generation" => new ScopeStatement([], ParseBody("endgeneration")),
            "break" => ParseJump(ControlFlow.Break),
            "continue" => ParseJump(ControlFlow.Continue),
            _ => throw _tokens.Error($"Encountered unknown tag '{name}'"),
        };
    }

    private Block ParsePrint()
    {
        List<Statement> outputs = [];
        while (_tokens.Current.Kind != TokenKind.BlockEnd)
        {
            if (outputs.Count > 0)
                _tokens.ExpectOperator(",");
            outputs.Add(new OutputStatement(_expressions.Parse()));
        }
        return new Block(outputs);
    }

    private JumpStatement ParseJump(ControlFlow flow) =>
        _loops > 0 ? new JumpStatement(flow) : throw _tokens.Error("'break' and 'continue' are allowed in loops only");

    private IfStatement ParseIf()
    {
        List<(Expression, Block)> branches = [];
        Block? elsePart = null;
        while (true)
        {
            Expression condition = _expressions.ParseTuple(withConditional: false);
            branches.Add((condition, ParseBodyUntil("elif", "else", "endif")));
            string next = _tokens.Next().Text;
            if (next == "else")
                elsePart = ParseBody("endif");
            if (next != "elif")
                return new IfStatement(branches, elsePart);
        }
    }

    private ForStatement ParseFor()
    {
        AssignmentTarget target = _expressions.ParseTarget(endName: "in");
        _tokens.ExpectName("in");
        Expression items = _expressions.ParseTuple(withConditional: false, endName: "recursive");
        Expression? condition = _tokens.SkipName("if") ? _expressions.Parse() : null;
        bool isRecursive = _tokens.SkipName("recursive");
        _loops++;
        Block body = ParseBodyUntil("endfor", "else");
        _loops--;
        Block? elsePart = _tokens.Next().Text == "else" ? ParseBody("endfor") : null;
        return new ForStatement(target, items, condition, isRecursive, body, elsePart);
    }

    private Statement ParseSet()
    {
        AssignmentTarget target = _expressions.ParseTarget(allowNamespace: true);
        if (_tokens.SkipOperator("="))
            return new SetStatement(target, _expressions.ParseTuple());
        IReadOnlyList<BlockFilter> filters = _tokens.SkipOperator("|") ? _expressions.ParseBlockFilters() : [];
        return new SetBlockStatement(target, filters, ParseBody("endset"));
    }

    private ScopeStatement ParseWith()
    {
        List<(AssignmentTarget, Expression)> variables = [];
        while (_tokens.Current.Kind != TokenKind.BlockEnd)
        {
            if (variables.Count > 0)
                _tokens.ExpectOperator(",");
            AssignmentTarget target = _expressions.ParseTarget();
            _tokens.ExpectOperator("=");
            variables.Add((target, _expressions.Parse()));
        }
        return new ScopeStatement(variables, ParseBody("endwith"));
    }

    private MacroStatement ParseMacro()
    {
        string name = _tokens.ExpectName();
        (List<string> parameters, List<Expression> defaults) = ParseSignature();
        return new MacroStatement(ParseMacroBody(name, parameters, defaults, "endmacro"));
    }

    private CallBlockStatement ParseCall()
    {
        (List<string> parameters, List<Expression> defaults) = _tokens.Current.IsOperator("(") ? ParseSignature() : ([], []);
        if (_expressions.Parse() is not CallExpression call)
            throw _tokens.Error("expected call");
        return new CallBlockStatement(call, ParseMacroBody(null, parameters, defaults, "endcall"));
    }

    private (List<string> Parameters, List<Expression> Defaults) ParseSignature()
    {
        List<string> parameters = [];
        List<Expression> defaults = [];
        _tokens.ExpectOperator("(");
        while (!_tokens.Current.IsOperator(")"))
        {
            if (parameters.Count > 0)
                _tokens.ExpectOperator(",");
            parameters.Add(_tokens.ExpectName());
            if (_tokens.SkipOperator("="))
                defaults.Add(_expressions.Parse());
            else if (defaults.Count > 0)
                throw _tokens.Error("non-default argument follows default argument");
        }
        _tokens.ExpectOperator(")");
        return (parameters, defaults);
    }

    private MacroDefinition ParseMacroBody(string? name, List<string> parameters, List<Expression> defaults, string end)
    {
        (HashSet<string> outerNames, int outerLoops) = (_expressions.MentionedNames, _loops);
        (_expressions.MentionedNames, _loops) = (new HashSet<string>(StringComparer.Ordinal), 0);
        Block body = ParseBody(end);
        HashSet<string> names = _expressions.MentionedNames;
        (_expressions.MentionedNames, _loops) = (outerNames, outerLoops);
        outerNames.UnionWith(names);
        return new MacroDefinition(name, parameters, defaults, body, names.Contains("caller"), names.Contains("kwargs"), names.Contains("varargs"));
    }
}
