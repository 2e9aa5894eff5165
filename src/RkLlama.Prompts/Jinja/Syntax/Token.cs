namespace RkLlama.Prompts.Jinja.Syntax;

internal enum TokenKind
{
    /// <summary>Literal text between tags.</summary>
    Data,
    VariableBegin,
    VariableEnd,
    BlockBegin,
    BlockEnd,
    Name,
    String,
    Integer,
    Float,
    Operator,

    /// <summary>The end of the template.</summary>
    End,
}

/// <summary>A token of a template.</summary>
/// <param name="Text">The source text. For a string literal, the decoded string. Empty for the start or end of a tag and for the end of the template.</param>
/// <param name="Line">The number of the line in the template; the first line is 1.</param>
internal readonly record struct Token(TokenKind Kind, string Text, int Line)
{
    public bool IsName(string name) => Kind == TokenKind.Name && Text == name;

    public bool IsOperator(string text) => Kind == TokenKind.Operator && Text == text;
}
