namespace RkLlama.Prompts.Tokenizers.Patterns;

/// <summary>
/// How a repetition backtracks: greedy takes as many as possible and gives back, lazy takes as few as possible and takes more, possessive
/// takes as many as possible and gives nothing back.
/// </summary>
internal enum RepeatMode
{
    Greedy,
    Lazy,
    Possessive,
}

/// <summary>A position in the text; consumes no character.</summary>
internal enum Anchor
{
    LineStart,
    LineEnd,
    TextStart,
    TextEnd,
}

/// <summary>The syntax tree of a regular expression.</summary>
internal abstract record PatternNode
{
    /// <summary>One code point of a set.</summary>
    internal sealed record Set(CharacterSet Members) : PatternNode;

    internal sealed record Sequence(IReadOnlyList<PatternNode> Parts) : PatternNode;

    internal sealed record Alternation(IReadOnlyList<PatternNode> Branches) : PatternNode;

    /// <summary>A repetition.</summary>
    /// <param name="Body">The repeated part.</param>
    /// <param name="Min">The minimum count.</param>
    /// <param name="Max">The maximum count; <see cref="Unbounded"/> for none.</param>
    /// <param name="Mode">How it backtracks.</param>
    internal sealed record Repeat(PatternNode Body, int Min, int Max, RepeatMode Mode) : PatternNode
    {
        public const int Unbounded = int.MaxValue;
    }

    internal sealed record LookAhead(PatternNode Body, bool Negative) : PatternNode;

    /// <summary>A part without backtracking into it after it has matched.</summary>
    internal sealed record Atomic(PatternNode Body) : PatternNode;

    internal sealed record At(Anchor Anchor) : PatternNode;
}
