namespace RkLlama.Output.ToolCalls;

internal enum ParseStatus
{
    /// <summary>The parser needs more characters.</summary>
    Incomplete,

    /// <summary>The block is complete: its tool calls are valid.</summary>
    Complete,

    /// <summary>The block cannot become a tool call: it is content.</summary>
    Rejected,
}

/// <summary>The state of a parser after one character.</summary>
/// <param name="UnreadCount">Number of characters at the end of the input that do not belong to the block. The caller reads them again as text.</param>
internal readonly record struct ParseStep(ParseStatus Status, int UnreadCount)
{
    internal static ParseStep Incomplete => new(ParseStatus.Incomplete, 0);

    internal static ParseStep Complete(int unreadCount = 0) => new(ParseStatus.Complete, unreadCount);

    internal static ParseStep Rejected(int unreadCount) => new(ParseStatus.Rejected, unreadCount);
}
