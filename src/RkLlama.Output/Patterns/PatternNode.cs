namespace RkLlama.Output.Patterns;

/// <summary>A part of a regular expression.</summary>
internal abstract record PatternNode
{
    /// <summary>The most steps that a part can have. Larger sizes are not told apart.</summary>
    internal const long Huge = int.MaxValue;

    /// <summary>The number of steps of the compiled part, at least 1 and at most <see cref="Huge"/>.</summary>
    internal abstract long Size { get; }

    protected static long Sum(IEnumerable<PatternNode> nodes) => Math.Min(Huge, 1 + nodes.Sum(static node => node.Size));
}

/// <summary>One character of a set.</summary>
internal sealed record CharacterNode(CharacterSet Set) : PatternNode
{
    internal override long Size => 1;
}

/// <summary>One certain character.</summary>
internal sealed record LiteralNode(int CodePoint) : PatternNode
{
    internal override long Size => 1;
}

/// <summary>A condition for the position in the text.</summary>
internal sealed record AssertionNode(PatternAssertion Assertion) : PatternNode
{
    internal override long Size => 1;
}

/// <summary>Parts that follow each other.</summary>
internal sealed record SequenceNode(IReadOnlyList<PatternNode> Parts) : PatternNode
{
    internal override long Size { get; } = Sum(Parts);
}

/// <summary>Alternatives.</summary>
internal sealed record ChoiceNode(IReadOnlyList<PatternNode> Alternatives) : PatternNode
{
    internal override long Size { get; } = Math.Min(Huge, Sum(Alternatives) + Alternatives.Count);
}

/// <summary>A repetition.</summary>
/// <param name="Max">The maximum number of times; <see langword="null"/> for no maximum.</param>
internal sealed record RepeatNode(PatternNode Part, int Min, int? Max) : PatternNode
{
    internal override long Size { get; } = Math.Min(Huge, 1 + (Part.Size * (Max ?? Min + 1L)) + ((Max ?? Min) - Min));
}

/// <summary>A condition for a position in the text.</summary>
internal enum PatternAssertion
{
    StartOfText,
    EndOfText,
    EndOfTextOrLastLine,
    StartOfLine,
    EndOfLine,
    WordBoundary,
    NoWordBoundary,
}
