namespace RkLlama.Prompts.Tokenizers.Patterns;

/// <summary>
/// Limits on the regular expressions of tokenizer files, checked while an expression is parsed and compiled, and on the work of matching one.
/// Expressions in use have a few hundred characters and nest 2 levels at most.
/// </summary>
internal static class PatternLimits
{
    /// <summary>Length of an expression in UTF-16 units.</summary>
    public const int MaxLength = 10_000;

    /// <summary>Groups inside one another; and character classes inside one another. Parser, compiler and matcher recurse a few times per level.</summary>
    public const int MaxDepth = 50;

    /// <summary>The highest count in <c>{n,m}</c>.</summary>
    public const int MaxRepeat = 1000;

    /// <summary>Instructions of a compiled expression.</summary>
    public const int MaxInstructions = 5000;

    /// <summary>Nodes that the compiler visits. Counts that multiply visit a node many times, even one that becomes no instruction.</summary>
    public const int MaxVisitedNodes = 50_000;

    /// <summary>Steps of matching one text: this many, and <see cref="StepsPerCharacter"/> for each of its UTF-16 units.</summary>
    public const int BaseSteps = 100_000;

    public const int StepsPerCharacter = 100;
}
