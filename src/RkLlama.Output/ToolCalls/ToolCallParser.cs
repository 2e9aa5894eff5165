namespace RkLlama.Output.ToolCalls;

/// <summary>
/// Parses the block after a tool call marker, one character at a time. Accepts or rejects the block as a whole. Only the few characters that a
/// parser returns as unread are read twice, so the time is linear in the length of the output.
/// </summary>
/// <param name="calls">Receives the calls. They are valid only after <see cref="ParseStatus.Complete"/>.</param>
internal abstract class ToolCallParser(ToolCallReader reader, List<ParsedToolCall> calls)
{
    protected ToolCallReader Reader { get; } = reader;

    protected List<ParsedToolCall> Calls { get; } = calls;

    internal abstract ParseStep Feed(char c);

    /// <summary>Called if the output ends inside the block.</summary>
    /// <returns>True if only closing brackets or tags are missing; the block is then complete.</returns>
    internal abstract bool TryFinish();
}
