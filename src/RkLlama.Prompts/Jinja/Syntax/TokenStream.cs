namespace RkLlama.Prompts.Jinja.Syntax;

/// <summary>The tokens of a template, read from front to back.</summary>
internal sealed class TokenStream(IReadOnlyList<Token> tokens)
{
    private int _at;

    public Token Current => tokens[_at];

    public Token Ahead => tokens[Math.Min(_at + 1, tokens.Count - 1)];

    public Token Next()
    {
        Token current = Current;
        if (current.Kind != TokenKind.End)
            _at++;
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

    public static string Describe(Token token) => token.Kind switch
    {
        TokenKind.End => "the end of the template",
        TokenKind.BlockEnd or TokenKind.VariableEnd => "the end of the tag",
        _ => $"'{token.Text}'",
    };

    private bool Skip(bool matches)
    {
        if (matches)
            _at++;
        return matches;
    }
}
