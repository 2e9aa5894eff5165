namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>
/// Parses the text of one or more tool calls. Processes one character at a time. Accepts or rejects the text as a whole. Only the few characters that a
/// parser returns as unread are processed twice, so the time is linear in the length of the output.
/// </summary>
/// <param name="calls">The calls of the text are appended to this list. They are valid only after <see cref="ParseStatus.Complete"/>.</param>
internal abstract class ToolCallParser(ToolCallReader reader, List<ParsedToolCall> calls)
{
    protected ToolCallReader Reader { get; } = reader;

    protected List<ParsedToolCall> Calls { get; } = calls;

    /// <summary>Whether the calls, when the text is complete, are calls only if no other text follows them.</summary>
    internal virtual bool MustBeLast => false;

    /// <summary>The JSON that the parser has rejected because it is not a call, and that is not complete yet; null if there is none.</summary>
    internal virtual PartialJsonScanner? OpenJson => null;

    internal abstract ParseStep Feed(char c);

    /// <summary>Called if the output or the enclosing block ends inside the text.</summary>
    /// <returns>True if the text is complete, or only closing brackets or tags are missing. The calls are then valid. Otherwise false.</returns>
    internal abstract bool TryFinish();
}
