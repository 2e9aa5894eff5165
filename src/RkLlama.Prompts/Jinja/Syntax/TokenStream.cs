namespace RkLlama.Prompts.Jinja.Syntax;

/// <summary>Reads the tokens of a template in order. Also counts the recursion of the parser and checks <see cref="SyntaxLimits"/>.</summary>
internal sealed class TokenStream(IReadOnlyList<Token> tokens)
{
    private int _position;
    private int _nesting;

    public Token Current => tokens[_position];

    public Token Following => tokens[Math.Min(_position + 1, tokens.Count - 1)];

    public Token Next()
    {
        Token current = Current;
        if (current.Kind != TokenKind.End)
            _position++;
        return current;
    }

    public bool SkipName(string name) => Skip(Current.IsName(name));

    public bool SkipOperator(string text) => Skip(Current.IsOperator(text));

    public string ExpectName() => Expect(TokenKind.Name, "a name").Text;

    public void ExpectName(string name)
    {
        if (!SkipName(name))
            throw Error($"expected '{name}', got {Describe(Current)}");
    }

    public void ExpectOperator(string text)
    {
        if (!SkipOperator(text))
            throw Error($"expected '{text}', got {Describe(Current)}");
    }

    public Token Expect(TokenKind kind, string description) =>
        Current.Kind == kind ? Next() : throw Error($"expected {description}, got {Describe(Current)}");

    public TemplateException Error(string message) => new($"{message}, line {Current.Line} of the chat template");

    /// <summary>Counts the start of a level of nesting; <see cref="LeaveNesting"/> counts its end. Called before the parser recurses.</summary>
    /// <exception cref="TemplateException">The template nests deeper than <see cref="SyntaxLimits.MaxNesting"/>.</exception>
    public void EnterNesting()
    {
        if (++_nesting > SyntaxLimits.MaxNesting)
            throw Error($"nested more than {SyntaxLimits.MaxNesting} levels deep");
    }

    public void LeaveNesting() => _nesting--;

    /// <summary>Checks the number of members, calls, filters or tests that follow one value.</summary>
    /// <exception cref="TemplateException"><paramref name="length"/> exceeds <see cref="SyntaxLimits.MaxChainLength"/>.</exception>
    public void CheckChain(int length)
    {
        if (length > SyntaxLimits.MaxChainLength)
            throw Error($"more than {SyntaxLimits.MaxChainLength} members, calls, filters and tests follow one value");
    }

    /// <summary>Checks the number of operands that operators of the same precedence join.</summary>
    /// <exception cref="TemplateException"><paramref name="count"/> exceeds <see cref="SyntaxLimits.MaxOperands"/>.</exception>
    public void CheckOperands(int count)
    {
        if (count > SyntaxLimits.MaxOperands)
            throw Error($"more than {SyntaxLimits.MaxOperands} operands in one expression");
    }

    public static string Describe(Token token) => token.Kind switch
    {
        TokenKind.End => "the end of the template",
        TokenKind.BlockEnd or TokenKind.VariableEnd => "the end of the tag",
        _ => $"'{token.Text}'",
    };

    private bool Skip(bool matches)
    {
        if (matches)
            _position++;
        return matches;
    }
}
