using RkLlama.Output.ToolCalls.Parsing;

namespace RkLlama.Output.ToolCalls.Families;

/// <summary>
/// Parses the text after a block with nothing but the name of a tool: some models write the arguments behind the block. If no object of the tool's parameters
/// follows, the text does not belong to the block.
/// </summary>
/// <param name="calls">The last call is the one of the block. It gets the arguments.</param>
/// <param name="tool">The name of the tool; it is offered.</param>
internal sealed class ArgumentsAfterBlock(ToolCallReader reader, List<ParsedToolCall> calls, string tool) : ToolCallParser(reader, calls)
{
    // The text may be read a second time, so its length has a limit.
    private const int MaxLength = 4096;

    private readonly PartialJsonScanner _json = new();
    private int _length;
    private bool _isOpen;

    internal override ParseStep Feed(char c)
    {
        _length++;
        if (!_isOpen && char.IsWhiteSpace(c) && _length < MaxLength)
            return ParseStep.Incomplete;
        JsonScanStatus status = _isOpen || c == '{' ? _json.Feed(c) : JsonScanStatus.Invalid;
        _isOpen = true;
        if (status == JsonScanStatus.Complete)
            return TrySetArguments(_json.Text) ? ParseStep.Complete() : ParseStep.Complete(_length);
        return status == JsonScanStatus.Invalid || _length == MaxLength ? ParseStep.Complete(_length) : ParseStep.Incomplete;
    }

    internal override bool TryFinish() => !_isOpen || (_json.WithClosingBrackets() is { } json && TrySetArguments(json));

    private bool TrySetArguments(string json)
    {
        List<ParsedToolCall> found = [];
        if (!Reader.AreArguments(tool, json) || Reader.TryRead(json, needsArguments: true, []) || !Reader.TryAdd(tool, json, found))
            return false;
        Calls[^1] = found[0];
        return true;
    }
}
