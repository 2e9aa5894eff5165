using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls.Parsing;

/// <content>The arguments of the function as one JSON object.</content>
internal sealed partial class XmlCallParser
{
    private ParseStep FeedJson(PartialJsonScanner json, char c)
    {
        _state = State.Json;
        JsonScanStatus status = json.Feed(c);
        if (status == JsonScanStatus.Invalid)
            return EndJsonBeforeTag(json);
        if (status != JsonScanStatus.Complete)
            return ParseStep.Incomplete;
        _state = State.AfterJson;
        return Reader.TryAdd(_name, json.Text, Calls) ? ParseStep.Incomplete : ParseStep.Rejected(0);
    }

    /// <summary>Ends JSON whose closing brackets are missing before a tag.</summary>
    private ParseStep EndJsonBeforeTag(PartialJsonScanner json)
    {
        if (json.Unread[0] != '<' || json.WithClosingBrackets() is not { } closed || !Reader.TryAdd(_name, closed, Calls))
            return ParseStep.Rejected(json.Unread.Length);
        _state = State.AfterJson;
        ParseStep step = ParseStep.Incomplete;
        for (int i = 0; i < json.Unread.Length && step.Status == ParseStatus.Incomplete; i++)
            step = FeedAfterJson(json.Unread[i]);
        return step;
    }

    /// <summary>Reads the closing tag after the JSON. If it is missing or wrong, the call ends before the text that follows.</summary>
    private ParseStep FeedAfterJson(char c)
    {
        if (_inner.Length == 0 && (char.IsWhiteSpace(c) || c is '}' or ')' or '>' || (MarkdownFence.IsPart(c) && _isFenced)))
            return ParseStep.Incomplete;
        if (!_inner.Feed(c))
            return ParseStep.Complete(_inner.Length + 1);
        if (_inner.Match is not { } tag)
            return ParseStep.Incomplete;
        if (tag[1] == '/' && _wrapperTags.Contains(tag))
        {
            _inner.Reset();
            return ParseStep.Incomplete;
        }

        return ParameterTag.Closes.Contains(tag) || (tag[1] != '/' && tag != EmptyFunction) ? ParseStep.Rejected(0) : ParseStep.Complete();
    }
}
