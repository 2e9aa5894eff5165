using System.Text;
using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls;

/// <summary>Parses the text after <c>[TOOL_CALLS]</c>: one call or an array of calls in JSON, or a tool name, <c>[ARGS]</c> and the arguments.</summary>
internal sealed class MistralToolCallParser(ToolCallReader reader, List<ParsedToolCall> calls) : ToolCallParser(reader, calls)
{
    internal const string Marker = "[TOOL_CALLS]";
    private const string ArgumentsTag = "[ARGS]";
    private const string CallIdTag = "[CALL_ID]";

    private readonly StringBuilder _name = new();
    private readonly LiteralMatcher _tag = new(ArgumentsTag, CallIdTag);
    private PartialJsonScanner? _json;
    private State _state = State.Start;

    private enum State
    {
        Start,
        Name,
        CallId,
        Arguments,
    }

    internal override ParseStep Feed(char c)
    {
        if (_json is not null)
            return FeedJson(_json, c);
        if (_tag.Length > 0)
            return FeedTag(c);
        return _state switch
        {
            State.Start or State.Arguments when char.IsWhiteSpace(c) => ParseStep.Incomplete,
            State.Start when c is '[' => FeedJson(_json = new(), c),
            State.Start or State.Arguments when c is '{' => FeedJson(_json = new(), c),
            State.Start or State.Name => FeedName(c),
            State.CallId when c is '[' => FeedTag(c),
            State.CallId when char.IsAsciiLetterOrDigit(c) => ParseStep.Incomplete,
            _ => ParseStep.Rejected(1),
        };
    }

    internal override bool TryFinish() => _json?.WithClosingBrackets() is { } json && TryRead(json, needsArguments: true);

    private bool TryRead(string json, bool needsArguments) =>
        _name.Length > 0 ? Reader.TryAdd(_name.ToString(), json, Calls) : Reader.TryRead(json, needsArguments, Calls);

    private ParseStep FeedName(char c)
    {
        _state = State.Name;
        if (char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.')
        {
            _name.Append(c);
            return ParseStep.Incomplete;
        }

        if (c is not ('[' or '{') || !Reader.IsOffered(_name.ToString()))
            return ParseStep.Rejected(1);
        return c == '[' ? FeedTag(c) : FeedJson(_json = new(), c);
    }

    private ParseStep FeedTag(char c)
    {
        if (!_tag.Feed(c))
            return ParseStep.Rejected(_tag.Length + 1);
        if (_tag.Match is not { } tag)
            return ParseStep.Incomplete;
        _tag.Reset();
        _state = tag == ArgumentsTag ? State.Arguments : State.CallId;
        return ParseStep.Incomplete;
    }

    private ParseStep FeedJson(PartialJsonScanner json, char c) => json.Feed(c) switch
    {
        JsonScanStatus.Invalid => ParseStep.Rejected(1),
        JsonScanStatus.Complete => TryRead(json.Text, needsArguments: false) ? ParseStep.Complete() : ParseStep.Rejected(0),
        _ => ParseStep.Incomplete,
    };
}
