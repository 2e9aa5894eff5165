namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>Parses a list in brackets: an array of calls in JSON, or a list of calls in the syntax of Python. The first item shows which.</summary>
/// <param name="isMarked">Whether a mark shows that the list is a list of tool calls. Only then, it may be inside of another list.</param>
/// <param name="allowsPython">Whether the list may have the syntax of Python.</param>
internal sealed class ListParser(ToolCallReader reader, List<ParsedToolCall> calls, bool isMarked, bool allowsPython = true) : ToolCallParser(reader, calls)
{
    private ToolCallParser? _inner;
    private bool _isOpen;
    private PartialJsonScanner? _otherJson;

    /// <summary>Whether the list has the syntax of Python.</summary>
    internal bool IsPython => _inner is PythonCallParser;

    internal override bool MustBeLast => _inner?.MustBeLast == true;

    internal override PartialJsonScanner? OpenJson => _inner?.OpenJson ?? _otherJson;

    internal override ParseStep Feed(char c)
    {
        if (_inner is not null)
            return _inner.Feed(c);
        if (char.IsWhiteSpace(c) || !_isOpen)
        {
            _isOpen = true;
            return ParseStep.Incomplete;
        }

        if (NamedCallParser.CanStartWith(c) && allowsPython && !Reader.AcceptsAnyName)
            _inner = new PythonCallParser(Reader, Calls);
        else if (c == '{' || (c is '[' or '"' && isMarked))
            _inner = new JsonCallParser(Reader, Calls, isMarked);
        else
            return RejectOther();
        _inner.Feed('[');
        return _inner.Feed(c);
    }

    private ParseStep RejectOther()
    {
        _otherJson = new();
        _otherJson.Feed('[');
        return ParseStep.Rejected(1);
    }

    internal override bool TryFinish() => _inner?.TryFinish() == true;
}
