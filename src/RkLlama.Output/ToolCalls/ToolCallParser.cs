namespace RkLlama.Output.ToolCalls;

/// <summary>
/// Parses a block: the text of one or more tool calls. Processes one character at a time. Accepts or rejects the block as a whole. Only the few characters
/// that a parser returns as unread are processed twice, so the time is linear in the length of the output.
/// </summary>
/// <param name="calls">The calls of the block are appended to this list. They are valid only after <see cref="ParseStatus.Complete"/>.</param>
internal abstract class ToolCallParser(ToolCallReader reader, List<ParsedToolCall> calls)
{
    protected ToolCallReader Reader { get; } = reader;

    protected List<ParsedToolCall> Calls { get; } = calls;

    internal abstract ParseStep Feed(char c);

    /// <summary>Called if the output ends inside the block.</summary>
    /// <returns>True if the block is complete, or only closing brackets or tags are missing. The calls are then valid. Otherwise false.</returns>
    internal abstract bool TryFinish();
}
