namespace RkLlama.Prompts.Jinja.Syntax;

/// <summary>
/// Limits on the source of a template, checked while it is parsed. They are fixed numbers: every build and every thread accepts and refuses
/// the same templates.
/// </summary>
internal static class SyntaxLimits
{
    /// <summary>Length of the source in UTF-16 units. The longest chat template in use has about 20,000.</summary>
    public const int MaxSourceLength = 1024 * 1024;

    /// <summary>
    /// Levels of blocks, brackets, arguments, unary operators and <c>else</c> branches inside one another; the template and the outermost
    /// expression count too. The parser recurses once per level. Chat templates in use reach 13.
    /// </summary>
    public const int MaxNesting = 64;

    /// <summary>
    /// Members, calls, filters and tests after one value, as in <c>a.b(c)|d</c>; also <c>if</c>s after one expression. Chat templates in use
    /// reach 11.
    /// </summary>
    public const int MaxChainLength = 200;

    /// <summary>Operands of operators of one precedence in one expression, as in <c>a + b - c</c>.</summary>
    public const int MaxOperands = 1000;
}
