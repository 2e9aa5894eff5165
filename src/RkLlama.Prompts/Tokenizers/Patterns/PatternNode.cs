namespace RkLlama.Prompts.Tokenizers.Patterns;

/// <summary>How a repeated part gives way: takes all and gives back, takes little and asks for more, or takes all and keeps it.</summary>
internal enum RepeatMode
{
    Greedy,
    Lazy,
    Possessive,
}

/// <summary>A place in the text that consumes nothing.</summary>
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

    /// <param name="Body">What repeats.</param>
    /// <param name="Min">Least count.</param>
    /// <param name="Max">Greatest count; <see cref="Unbounded"/> for none.</param>
    /// <param name="Mode">How it gives way.</param>
    internal sealed record Repeat(PatternNode Body, int Min, int Max, RepeatMode Mode) : PatternNode
    {
        public const int Unbounded = int.MaxValue;
    }

    internal sealed record LookAhead(PatternNode Body, bool Negative) : PatternNode;

    /// <summary>A part that, once matched, is not tried another way.</summary>
    internal sealed record Atomic(PatternNode Body) : PatternNode;

    internal sealed record At(Anchor Anchor) : PatternNode;
}
