namespace RkLlama.Output.ToolCalls.Parsing;

internal enum ParseStatus
{
    /// <summary>The parser needs more characters.</summary>
    Incomplete,

    /// <summary>The block is complete, and its tool calls are valid.</summary>
    Complete,

    /// <summary>The block is not a valid tool call. The caller treats it as content.</summary>
    Rejected,
}

/// <summary>The state of a parser after one character.</summary>
/// <param name="UnreadCount">How many of the last characters do not belong to the block. The caller must process them again, after the block.</param>
internal readonly record struct ParseStep(ParseStatus Status, int UnreadCount)
{
    internal static ParseStep Incomplete => new(ParseStatus.Incomplete, 0);

    internal static ParseStep Complete(int unreadCount = 0) => new(ParseStatus.Complete, unreadCount);

    internal static ParseStep Rejected(int unreadCount) => new(ParseStatus.Rejected, unreadCount);
}
