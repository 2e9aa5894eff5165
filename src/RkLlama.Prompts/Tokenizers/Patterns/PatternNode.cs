namespace RkLlama.Prompts.Tokenizers.Patterns;

/// <summary>
/// How a repetition backtracks. Greedy: takes as many characters as possible and later gives some back. Lazy: takes as few as possible and later takes more.
/// Possessive: takes as many as possible and gives none back.
/// </summary>
internal enum RepeatMode
{
    Greedy,
    Lazy,
    Possessive,
}

/// <summary>A condition on the position in the text. It consumes no character.</summary>
internal enum Anchor
{
    LineStart,
    LineEnd,
    TextStart,
    TextEnd,
}

/// <summary>A node in the syntax tree of a regular expression.</summary>
internal abstract record PatternNode
{
    /// <summary>Matches one code point, which must be in a set.</summary>
    internal sealed record Set(CharacterSet Members) : PatternNode;

    internal sealed record Sequence(IReadOnlyList<PatternNode> Parts) : PatternNode;

    internal sealed record Alternation(IReadOnlyList<PatternNode> Branches) : PatternNode;

    /// <summary>A repetition, such as <c>x{2,5}</c>.</summary>
    /// <param name="Body">The repeated part.</param>
    /// <param name="Min">The minimum number of repetitions.</param>
    /// <param name="Max">The maximum number of repetitions; <see cref="Unbounded"/> for no maximum.</param>
    /// <param name="Mode">How the repetition backtracks.</param>
    internal sealed record Repeat(PatternNode Body, int Min, int Max, RepeatMode Mode) : PatternNode
    {
        public const int Unbounded = int.MaxValue;
    }

    internal sealed record LookAhead(PatternNode Body, bool Negative) : PatternNode;

    /// <summary>An atomic group: after it has matched, the matcher does not backtrack into it.</summary>
    internal sealed record Atomic(PatternNode Body) : PatternNode;

    internal sealed record At(Anchor Anchor) : PatternNode;
}
