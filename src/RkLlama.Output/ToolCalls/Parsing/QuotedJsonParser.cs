using System.Text;

namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>
/// Parses the text after a mark that begins with a quote: a whole call as a JSON string, or a JSON object whose first bracket is missing. The first character in
/// the quotes shows which.
/// </summary>
/// <param name="isMarked">Whether a mark shows that the text is a tool call. If not, a string is none.</param>
internal sealed class QuotedJsonParser(ToolCallReader reader, List<ParsedToolCall> calls, bool isMarked) : ToolCallParser(reader, calls)
{
    private readonly StringBuilder _text = new();
    private JsonCallParser? _object;
    private bool _isString;
    private bool _isEscaped;

    internal override bool MustBeLast => _object?.MustBeLast == true;

    internal override PartialJsonScanner? OpenJson => _object?.OpenJson;

    internal override ParseStep Feed(char c)
    {
        if (_object is not null)
            return _object.Feed(c);
        _text.Append(c);
        if (_text.Length == 1 || (!_isString && char.IsWhiteSpace(c)))
            return ParseStep.Incomplete;
        if (!_isString && !(isMarked && c is '{' or '['))
            return StartObject();
        _isString = true;
        bool isEnd = c == '"' && !_isEscaped;
        _isEscaped = c == '\\' && !_isEscaped;
        if (!isEnd)
            return ParseStep.Incomplete;
        return Reader.TryRead($"[{_text}]", needsArguments: true, Calls, isMarked) ? ParseStep.Complete() : ParseStep.Rejected(0);
    }

    internal override bool TryFinish() => _object?.TryFinish() == true;

    private ParseStep StartObject()
    {
        _object = new(Reader, Calls, isMarked);
        ParseStep step = _object.Feed('{');
        for (int i = 0; i < _text.Length && step.Status == ParseStatus.Incomplete; i++)
            step = _object.Feed(_text[i]);
        return step;
    }
}
