using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>
/// Parses the text after a block with nothing but the name of a tool: some models write the arguments behind the block, as JSON with or without a fence, in an
/// element such as <c>&lt;args&gt;</c>, or as one element per argument. JSON that is no object of the tool's parameters does not belong to the block. An element that cannot be read makes
/// the block invalid, and so does other text if the tool has required parameters.
/// </summary>
/// <param name="calls">The last call is the one of the block. It gets the arguments.</param>
/// <param name="tool">The name of the tool; it is offered.</param>
internal sealed class ArgumentsAfterBlock(ToolCallReader reader, List<ParsedToolCall> calls, string tool) : ToolCallParser(reader, calls)
{
    // The text may be read a second time, so its length has a limit. JSON whose first name is a parameter of the tool is not read again.
    private const int MaxLength = 4096;

    private readonly LiteralMatcher _tag = new(ParameterTag.ArgumentTags(reader.Parameters(tool)));
    private readonly List<ParsedToolCall> _found = [];
    private PartialJsonScanner? _json;
    private XmlCallParser? _element;
    private int _length;
    private int _fence;
    private bool _isAfterFence;
    private bool _hasInfo;
    private bool _isCertain;

    internal override ParseStep Feed(char c)
    {
        if (_element is not null)
            return FeedElement(_element, c);
        _length++;
        if (_json is not null)
            return FeedJson(_json, c);
        if (_length == MaxLength)
            return EndWithoutArguments();
        if (_tag.Length == 0 && c == '{')
            return FeedJson(_json = new(), c);
        if (_tag.Length == 0 && char.IsWhiteSpace(c))
        {
            _isAfterFence = false;
            return ParseStep.Incomplete;
        }

        if (_isAfterFence && _fence == 3 && char.IsAsciiLetter(c))
        {
            _hasInfo = true;
            return ParseStep.Incomplete;
        }

        if (_tag.Length == 0 && MarkdownFence.IsPart(c) && _fence < 3)
        {
            (_fence, _isAfterFence) = (_fence + 1, true);
            return ParseStep.Incomplete;
        }

        if (!_tag.Feed(c))
            return _tag.Length > 0 || c == '<' || _fence > 0 ? ParseStep.Complete(_length) : EndWithoutArguments();
        if (_tag.Match is not { } tag)
            return ParseStep.Incomplete;
        _element = new(Reader, _found) { IsAfterBlock = true };
        return ParameterTag.StartArgument(_element, tool, tag, Reader.Parameters(tool));
    }

    internal override bool TryFinish()
    {
        if (_element is not null)
            return _element.TryFinish() && SetArguments();
        if (_json is not null && !_json.IsComplete)
            return _json.WithClosingBrackets() is { } json && TrySetArguments(json);
        return _tag.Length == 0 && (!_hasInfo || _json is not null);
    }

    private ParseStep FeedElement(XmlCallParser element, char c)
    {
        ParseStep step = element.Feed(c);
        return step.Status == ParseStatus.Complete && !SetArguments() ? ParseStep.Rejected(step.UnreadCount) : step;
    }

    private ParseStep FeedJson(PartialJsonScanner json, char c)
    {
        if (json.IsComplete)
        {
            bool isFence = MarkdownFence.IsPart(c) && _fence < 6;
            _fence += isFence ? 1 : 0;
            return isFence || char.IsWhiteSpace(c) ? ParseStep.Incomplete : ParseStep.Complete(1);
        }

        JsonScanStatus status = json.Feed(c);
        if (status == JsonScanStatus.Complete && TrySetArguments(json.Text))
            return _fence == 0 ? ParseStep.Complete() : ParseStep.Incomplete;
        if (status == JsonScanStatus.Complete)
            return EndWithoutArguments();
        if (status == JsonScanStatus.Invalid)
            return _isCertain ? ParseStep.Rejected(1) : ParseStep.Complete(_length);
        if (status == JsonScanStatus.Key && json.Depth == 1)
            _isCertain |= Reader.Parameters(tool).Contains(json.LastString) || ToolCallFields.IsArguments(json.LastString);
        return _length >= MaxLength && !_isCertain ? EndWithoutArguments() : ParseStep.Incomplete;
    }

    /// <summary>Ends the block before other text. The text may be arguments in an unknown form, so a tool that needs some is not called without them.</summary>
    private ParseStep EndWithoutArguments() =>
        Reader.Required(tool).Count > 0 || _length > MaxLength ? ParseStep.Rejected(_json is null ? 1 : 0) : ParseStep.Complete(_length);

    private bool TrySetArguments(string json) =>
        (Reader.AreArguments(tool, json) || ToolCallReader.HaveArguments(json)) && !Reader.TryRead(json, needsArguments: true, []) && Reader.TryAdd(tool, json, _found) && SetArguments();

    private bool SetArguments()
    {
        Calls[^1] = _found[0];
        return true;
    }
}
