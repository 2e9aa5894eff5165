namespace RkLlama.Prompts.Jinja.Syntax;

/// <summary>
/// Limits on the source of a template, checked while it is parsed. They are fixed numbers, so that every build and every thread accepts and refuses the same
/// templates.
/// </summary>
internal static class SyntaxLimits
{
    /// <summary>The maximum length of the source in UTF-16 units. The longest known chat template has about 20,000.</summary>
    public const int MaxSourceLength = 1024 * 1024;

    /// <summary>
    /// The maximum number of blocks, brackets, arguments, unary operators and <c>else</c> branches inside one another. The template and the outermost
    /// expression also count as levels. The parser recurses once per level. Known chat templates have at most 13 levels.
    /// </summary>
    public const int MaxNesting = 64;

    /// <summary>
    /// The maximum length of a chain. There are three kinds of chains, which are counted separately: members and calls after one value, as in <c>a.b(c)</c>;
    /// filters and tests after one value, as in <c>a|b|c</c>; and conditions, as in <c>a if b if c</c>. Chains in known chat templates have at most 11 parts.
    /// </summary>
    public const int MaxChainLength = 200;

    /// <summary>The maximum number of operands that operators of the same precedence join, as in <c>a + b - c</c>.</summary>
    public const int MaxOperands = 1000;
}
