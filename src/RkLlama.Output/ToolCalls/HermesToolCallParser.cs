using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls;

/// <summary>
/// Parses the text after <c>&lt;tool_call&gt;</c>: one call as a JSON object, an array of calls, or several objects one after another.
/// </summary>
/// <param name="mayBeXml">Whether the calls may also have the syntax of <see cref="QwenXmlToolCallParser"/>.</param>
internal sealed class HermesToolCallParser(ToolCallReader reader, List<ParsedToolCall> calls, bool mayBeXml) : ToolCallParser(reader, calls)
{
    internal const string OpenTag = "<tool_call>";
    internal const string CloseTag = "</tool_call>";

    private readonly LiteralMatcher _end = new(CloseTag, OpenTag);
    private PartialJsonScanner? _json;
    private QwenXmlToolCallParser? _xml;

    internal override ParseStep Feed(char c)
    {
        if (_xml is not null)
            return _xml.Feed(c);
        if (_json is not null)
            return FeedJson(_json, c);
        if (_end.Length > 0)
            return FeedEnd(c);
        if (char.IsWhiteSpace(c) || (c is ',' or ';' && Calls.Count > 0))
            return ParseStep.Incomplete;
        if (c is '{' or '[')
            return FeedJson(_json = new(), c);
        if (c != '<' || (Calls.Count == 0 && !mayBeXml))
            return ParseStep.Rejected(1);
        if (Calls.Count > 0)
            return FeedEnd(c);
        _xml = new(Reader, Calls, isWrapped: true);
        return _xml.Feed(c);
    }

    internal override bool TryFinish()
    {
        if (_xml is not null)
            return _xml.TryFinish();
        return _json is null ? Calls.Count > 0 : _json.WithClosingBrackets() is { } json && Reader.TryRead(json, needsArguments: true, Calls);
    }

    private ParseStep FeedJson(PartialJsonScanner json, char c)
    {
        JsonScanStatus status = json.Feed(c);
        if (status == JsonScanStatus.Invalid)
            return ParseStep.Rejected(1);
        if (status != JsonScanStatus.Complete)
            return ParseStep.Incomplete;
        _json = null;
        return Reader.TryRead(json.Text, needsArguments: false, Calls) ? ParseStep.Incomplete : ParseStep.Rejected(0);
    }

    private ParseStep FeedEnd(char c)
    {
        if (!_end.Feed(c))
            return ParseStep.Rejected(_end.Length + 1);
        return _end.Match switch
        {
            null => ParseStep.Incomplete,
            CloseTag => ParseStep.Complete(),
            _ => ParseStep.Complete(OpenTag.Length), // the start of the next block ends this one
        };
    }
}
