namespace RkLlama.Output.ToolCalls;

/// <summary>
/// Parses the block after a tool call marker, one character at a time. A block is accepted or rejected as a whole. Only the few characters that a
/// parser returns as unread are read twice, so no output can make parsing slow.
/// </summary>
/// <param name="calls">Receives the calls. They are valid only after <see cref="ParseStatus.Complete"/>.</param>
internal abstract class ToolCallParser(ToolCallReader reader, List<ParsedToolCall> calls)
{
    protected ToolCallReader Reader { get; } = reader;

    protected List<ParsedToolCall> Calls { get; } = calls;

    internal abstract ParseStep Feed(char c);

    /// <summary>Ends the output inside the block.</summary>
    /// <returns>True if only closing brackets or tags are missing; the block is then complete.</returns>
    internal abstract bool TryFinish();
}
