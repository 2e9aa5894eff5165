namespace RkLlama.Prompts.Jinja.Syntax;

/// <summary>
/// Limits on the source of a template, checked while it is parsed. They are fixed numbers, so a template is accepted or refused the same way
/// in every build and on every thread.
/// </summary>
internal static class SyntaxLimits
{
    /// <summary>Length of the source in UTF-16 units. The longest chat template in use has about 20,000.</summary>
    public const int MaxSourceLength = 1024 * 1024;

    /// <summary>
    /// Levels of blocks, brackets, arguments, unary operators and <c>else</c> branches inside one another; the template and an outermost
    /// expression are levels too. The parser recurses once per level. Chat templates in use nest 13 levels at most.
    /// </summary>
    public const int MaxNesting = 64;

    /// <summary>Members, calls, filters and tests that follow one value, as in <c>a.b(c)|d</c>; also <c>if</c>s that follow one expression. At most 11 in use.</summary>
    public const int MaxChainLength = 200;

    /// <summary>Operands of operators of one precedence in one expression, as in <c>a + b - c</c>.</summary>
    public const int MaxOperands = 1000;
}
