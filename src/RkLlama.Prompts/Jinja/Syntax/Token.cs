namespace RkLlama.Prompts.Jinja.Syntax;

internal enum TokenKind
{
    /// <summary>Text between tags.</summary>
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

/// <param name="Text">The text of the template; of a literal, its value.</param>
/// <param name="Line">Counted from 1.</param>
internal readonly record struct Token(TokenKind Kind, string Text, int Line)
{
    public bool IsName(string name) => Kind == TokenKind.Name && Text == name;

    public bool IsOperator(string text) => Kind == TokenKind.Operator && Text == text;
}
