namespace RkLlama.Prompts.Tokenizers.Patterns;

/// <summary>
/// Limits on the regular expressions of tokenizer files, and on the steps of matching. Expressions are checked while they are parsed and compiled. Known
/// expressions have a few hundred characters and nest at most 2 levels.
/// </summary>
internal static class PatternLimits
{
    /// <summary>The maximum length of an expression in UTF-16 units.</summary>
    public const int MaxLength = 10_000;

    /// <summary>
    /// The maximum number of groups inside one another, and of character classes inside one another. The parser, the compiler and the matcher recurse a few
    /// times per level.
    /// </summary>
    public const int MaxDepth = 50;

    /// <summary>The highest count in <c>{n,m}</c>.</summary>
    public const int MaxRepeat = 1000;

    /// <summary>The maximum number of instructions of a compiled expression.</summary>
    public const int MaxInstructions = 5000;

    /// <summary>
    /// The maximum number of visits to syntax tree nodes in the compiler. Nested repeat counts multiply the visits. This limit is needed in addition to
    /// <see cref="MaxInstructions"/>, because some nodes produce no instruction.
    /// </summary>
    public const int MaxVisitedNodes = 50_000;

    /// <summary>
    /// The maximum number of steps for finding all matches in a text is this number plus <see cref="StepsPerCharacter"/> for each UTF-16 unit of the text.
    /// </summary>
    public const int BaseSteps = 100_000;

    public const int StepsPerCharacter = 100;
}
