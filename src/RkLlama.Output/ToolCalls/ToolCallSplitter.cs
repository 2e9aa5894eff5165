using System.Text;
using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls;

/// <summary>
/// Separates tool calls from the content before and after them. A marker is a text at the beginning of a tool call, such as <c>&lt;tool_call&gt;</c>.
/// Processes one character at a time. Holds back three things: text that may be the start of a marker, white space before a marker (it is dropped if a tool
/// call follows), and text that may be a tool call. Text that turns out not to be a tool call is passed on unchanged as content.
/// </summary>
internal sealed class ToolCallSplitter(ToolCallSettings settings, Action<char> onContent, Action<ParsedToolCall> onCall)
{
    private readonly ToolCallReader _reader = new(settings);
    private readonly LiteralMatcher _marker = new(Markers(settings.Syntax));
    private readonly List<ParsedToolCall> _calls = [];
    private readonly StringBuilder _space = new();
    private readonly StringBuilder _held = new();
    private ToolCallParser? _parser;
    private bool _isMarked;
    private bool _hasContent;
    private bool _isAfterCall;

    internal void Feed(char c)
    {
        if (_parser is null)
            Scan(c);
        else
            FeedParser(_parser, c);
    }

    /// <summary>Ends the output: passes on or drops the text that was held back.</summary>
    /// <param name="isTruncated">
    /// True if the output ended at its token limit: an unfinished call is dropped. If false, an unfinished call is content.
    /// </param>
    internal void Finish(bool isTruncated)
    {
        if (_parser?.TryFinish() == true)
            EmitCalls();
        else if (isTruncated && (_marker.Length > 1 || (_parser is not null && _isMarked)))
            Release("");
        else if (_parser is not null || _marker.Length > 0)
            Release(_parser is null ? _marker.Partial : _held.ToString());
        else if (!_isAfterCall)
            Release("");
    }

    private static string[] Markers(ToolSyntax syntax) => syntax switch
    {
        ToolSyntax.Hermes => [HermesToolCallParser.OpenTag],
        ToolSyntax.QwenXml => [HermesToolCallParser.OpenTag, QwenXmlToolCallParser.FunctionTag],
        ToolSyntax.Llama3Json => [LlamaToolCallParser.Marker],
        ToolSyntax.Mistral => [MistralToolCallParser.Marker],
        ToolSyntax.DeepSeek => [DeepSeekToolCallParser.CallsBegin, DeepSeekToolCallParser.CallBegin],
        _ => [],
    };

    private ToolCallParser CreateParser(string marker) => settings.Syntax switch
    {
        ToolSyntax.QwenXml when marker == QwenXmlToolCallParser.FunctionTag => new QwenXmlToolCallParser(_reader, _calls, isWrapped: false),
        ToolSyntax.Llama3Json => new LlamaToolCallParser(_reader, _calls),
        ToolSyntax.Mistral => new MistralToolCallParser(_reader, _calls),
        ToolSyntax.DeepSeek => new DeepSeekToolCallParser(_reader, _calls, isWrapped: marker == DeepSeekToolCallParser.CallsBegin),
        _ => new HermesToolCallParser(_reader, _calls, mayBeXml: settings.Syntax == ToolSyntax.QwenXml),
    };

    /// <summary>Processes a character outside a tool call: looks for the marker that starts the next call.</summary>
    private void Scan(char c)
    {
        if (_marker.Feed(c))
        {
            if (_marker.Match is { } marker)
                Open(marker);
            return;
        }

        if (_marker.Length > 0)
        {
            string text = _marker.Partial;
            _marker.Reset();
            Release(text);
            Scan(c); // may start the next marker
        }
        else if (char.IsWhiteSpace(c) || (c == ';' && _isAfterCall && settings.Syntax == ToolSyntax.Llama3Json))
        {
            _space.Append(c);
        }
        else if (c == '{' && settings.Syntax == ToolSyntax.Llama3Json && (_isAfterCall || !_hasContent))
        {
            Open("");
            Feed(c);
        }
        else
        {
            Release([c]);
        }
    }

    private void Open(string marker)
    {
        _marker.Reset();
        _calls.Clear();
        _held.Clear().Append(marker);
        _isMarked = marker.Length > 0;
        _parser = CreateParser(marker);
    }

    private void FeedParser(ToolCallParser parser, char c)
    {
        _held.Append(c);
        ParseStep step = parser.Feed(c);
        if (step.Status == ParseStatus.Incomplete)
            return;

        string unread = _held.ToString(_held.Length - step.UnreadCount, step.UnreadCount);
        _parser = null;
        if (step.Status == ParseStatus.Complete)
            EmitCalls();
        else
            Release(_held.ToString(0, _held.Length - step.UnreadCount));
        foreach (char next in unread)
            Feed(next);
    }

    private void EmitCalls()
    {
        _space.Clear();
        _isAfterCall = true;
        foreach (ParsedToolCall call in _calls.ToArray())
            onCall(call);
    }

    /// <summary>
    /// Passes on the held white space and the text as content. If the text is the first content and follows a tool call, drops the white space before the text.
    /// </summary>
    private void Release(ReadOnlySpan<char> text)
    {
        string space = _space.ToString();
        _space.Clear();
        foreach (char c in _isAfterCall && !_hasContent ? space.AsSpan().TrimStart() : space)
            onContent(c);
        foreach (char c in text)
            onContent(c);
        _hasContent |= text.Length > 0;
        _isAfterCall &= text.Length == 0;
    }
}
