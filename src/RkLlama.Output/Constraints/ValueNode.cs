namespace RkLlama.Output.Constraints;

/// <summary>
/// What a JSON value may be. The nodes of a schema form a graph, which may have cycles: parts are compiled when a document reaches them. Immutable except for that.
/// </summary>
internal abstract class ValueNode
{
    /// <summary>Any JSON value.</summary>
    internal static ValueNode Any { get; } = NewAny();

    /// <summary>Any JSON object.</summary>
    internal static ObjectNode AnyObject { get; } = new([], new(() => Any));

    /// <summary>No value.</summary>
    internal static ValueNode None { get; } = new UnionNode([]);

    private static UnionNode NewAny() => new(
    [
        // The first one is the guess if the model writes nothing usable: in a string, the model can still say what it means.
        new StringNode(0, StringNode.DefaultMaxLength),
        new ObjectNode([], new(() => Any)),
        new ArrayNode(_ => Any, 0, int.MaxValue),
        new NumberNode(IsInteger: false),
        new LiteralNode(["false", "null", "true"]),
    ]);
}

/// <summary>One of several values.</summary>
internal sealed class UnionNode(IReadOnlyList<ValueNode> alternatives) : ValueNode
{
    internal IReadOnlyList<ValueNode> Alternatives => alternatives;
}

/// <summary>An object.</summary>
/// <param name="members">The members with a schema of their own, in the order of the schema.</param>
/// <param name="rest">The value of all other members; <see langword="null"/> if there must be none.</param>
internal sealed class ObjectNode(IReadOnlyList<MemberNode> members, Lazy<ValueNode>? rest, int min = 0, int max = int.MaxValue) : ValueNode
{
    internal IReadOnlyList<MemberNode> Members => members;

    internal Lazy<ValueNode>? Rest => rest;

    /// <summary>The minimum number of members.</summary>
    internal int Min => min;

    /// <summary>The maximum number of members.</summary>
    internal int Max => max;

    /// <summary>Returns the index of the member with a name, as it is written between its quotes; −1 if the schema has none.</summary>
    internal int Find(string written)
    {
        for (int i = 0; i < members.Count; i++)
        {
            if (members[i].Written == written)
                return i;
        }

        return -1;
    }
}

/// <summary>A member of an object.</summary>
/// <param name="Written">The name as it is written between its quotes.</param>
internal sealed record MemberNode(string Written, bool IsRequired, Lazy<ValueNode> Value);

/// <summary>An array.</summary>
/// <param name="itemAt">Returns what the item at an index may be.</param>
/// <param name="min">The minimum number of items.</param>
/// <param name="max">The maximum number of items.</param>
internal sealed class ArrayNode(Func<int, ValueNode> itemAt, int min, int max) : ValueNode
{
    internal int Min => min;

    internal int Max => max;

    internal ValueNode ItemAt(int index) => itemAt(index);
}

/// <summary>A string, whose length in Unicode characters is limited.</summary>
internal sealed class StringNode(int min, int max) : ValueNode
{
    /// <summary>The maximum length of a string if the schema sets none. Without it, a model could continue a string for ever.</summary>
    internal const int DefaultMaxLength = 8192;

    internal int Min => min;

    internal int Max => max;
}

/// <summary>A number.</summary>
internal sealed class NumberNode(bool IsInteger, double min = double.NegativeInfinity, double max = double.PositiveInfinity) : ValueNode
{
    internal bool IsInteger { get; } = IsInteger;

    internal double Min => min;

    internal double Max => max;

    internal bool HasBounds => !double.IsInfinity(min) || !double.IsInfinity(max);
}

/// <summary>One of some values that are known.</summary>
/// <param name="texts">The values as JSON without white space. Not empty.</param>
internal sealed class LiteralNode(IReadOnlyList<string> texts) : ValueNode
{
    internal IReadOnlyList<string> Texts => texts;
}
