using System.Text;
using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls;

/// <summary>
/// Parses tool calls that DeepSeek models write between control tokens. DeepSeek R1 writes the type of the call, a separator, the name of the tool, and the
/// arguments as JSON in a Markdown code block. V3.1 writes the name, the separator, and the arguments as plain JSON. The tokens before and after the list of
/// calls may be missing; then the block has one call only.
/// </summary>
/// <param name="isWrapped">True if the block starts with <see cref="CallsBegin"/>, false if it starts with <see cref="CallBegin"/>.</param>
internal sealed class DeepSeekToolCallParser(ToolCallReader reader, List<ParsedToolCall> calls, bool isWrapped) : ToolCallParser(reader, calls)
{
    internal const string CallsBegin = "<｜tool▁calls▁begin｜>";
    internal const string CallBegin = "<｜tool▁call▁begin｜>";
    private const string CallsEnd = "<｜tool▁calls▁end｜>";
    private const string CallEnd = "<｜tool▁call▁end｜>";
    private const string Separator = "<｜tool▁sep｜>";

    private readonly LiteralMatcher _outer = new(CallBegin, CallsEnd);
    private readonly LiteralMatcher _separator = new(Separator);
    private readonly LiteralMatcher _callEnd = new(CallEnd);
    private readonly StringBuilder _text = new();
    private string _head = "";
    private string _name = "";
    private PartialJsonScanner _json = new();
    private State _state = isWrapped ? State.BetweenCalls : State.Head;
    private int _charsAfterCall;

    private enum State
    {
        BetweenCalls,
        Head,
        Name,
        Fence,
        Json,
        CallEnd,
    }

    internal override ParseStep Feed(char c) => _state switch
    {
        State.BetweenCalls => FeedBetweenCalls(c),
        State.Head => FeedHead(c),
        State.Name => FeedName(c),
        State.Fence => c == '{' ? StartJson(c) : IsFence(c) ? ParseStep.Incomplete : ParseStep.Rejected(1),
        State.Json => FeedJson(c),
        _ => FeedCallEnd(c),
    };

    internal override bool TryFinish() => _state switch
    {
        State.BetweenCalls or State.CallEnd => Calls.Count > 0,
        State.Json => _json.WithClosingBrackets() is { } json && Reader.TryAdd(_name, json, Calls),
        _ => false,
    };

    private static bool IsFence(char c) => c is '`' or 'j' or 's' or 'o' or 'n' || char.IsWhiteSpace(c);

    private ParseStep FeedBetweenCalls(char c)
    {
        _charsAfterCall++;
        if (_outer.Length == 0 && char.IsWhiteSpace(c))
            return ParseStep.Incomplete;
        bool hasEnded = !isWrapped && Calls.Count > 0;
        if (!_outer.Feed(c))
            return hasEnded ? ParseStep.Complete(_charsAfterCall) : ParseStep.Rejected(_outer.Length + 1);
        if (_outer.Match is not { } tag)
            return ParseStep.Incomplete;
        _outer.Reset();
        if (tag == CallsEnd)
            return Calls.Count > 0 ? ParseStep.Complete() : ParseStep.Rejected(0);
        if (hasEnded)
            return ParseStep.Complete(tag.Length);
        _state = State.Head;
        return ParseStep.Incomplete;
    }

    private ParseStep FeedHead(char c)
    {
        if (_separator.Feed(c))
        {
            if (_separator.Match is null)
                return ParseStep.Incomplete;
            _separator.Reset();
            _head = TakeText();
            _state = State.Name;
            return ParseStep.Incomplete;
        }

        if (_separator.Length > 0 || c is '\n' or '<')
            return ParseStep.Rejected(_separator.Length + 1);
        _text.Append(c);
        return ParseStep.Incomplete;
    }

    /// <summary>Reads the text after the separator: the name (R1), or the arguments if the name was before the separator (V3.1).</summary>
    private ParseStep FeedName(char c)
    {
        bool isEmpty = _text.Length == 0;
        if (c is '{' or '`' or '\n' && !isEmpty)
            _name = TakeText();
        else if (c is '{' or '`')
            _name = _head;
        else if (isEmpty && char.IsWhiteSpace(c))
            return ParseStep.Incomplete;
        else if (c == '<')
            return ParseStep.Rejected(1);
        else
        {
            _text.Append(c);
            return ParseStep.Incomplete;
        }

        if (!Reader.IsOffered(_name))
            return ParseStep.Rejected(1);
        if (c == '{')
            return StartJson(c);
        _state = State.Fence;
        return ParseStep.Incomplete;
    }

    private ParseStep StartJson(char c)
    {
        _json = new();
        _state = State.Json;
        return FeedJson(c);
    }

    private ParseStep FeedJson(char c)
    {
        JsonScanStatus status = _json.Feed(c);
        if (status == JsonScanStatus.Invalid)
            return ParseStep.Rejected(1);
        if (status != JsonScanStatus.Complete)
            return ParseStep.Incomplete;
        _state = State.CallEnd;
        return Reader.TryAdd(_name, _json.Text, Calls) ? ParseStep.Incomplete : ParseStep.Rejected(0);
    }

    private ParseStep FeedCallEnd(char c)
    {
        if (_callEnd.Length == 0 && (c == '`' || char.IsWhiteSpace(c)))
            return ParseStep.Incomplete;
        if (!_callEnd.Feed(c))
            return ParseStep.Rejected(_callEnd.Length + 1);
        if (_callEnd.Match is null)
            return ParseStep.Incomplete;
        _callEnd.Reset();
        _state = State.BetweenCalls;
        _charsAfterCall = 0;
        return ParseStep.Incomplete;
    }

    /// <summary>Returns the text collected so far, trimmed, and starts to collect again.</summary>
    private string TakeText()
    {
        string text = _text.ToString().Trim();
        _text.Clear();
        return text;
    }
}
