using System.Text;
using RkLlama.Output.ToolCalls.Parsing;

namespace RkLlama.Output.ToolCalls.Families;

/// <summary>
/// Parses the text after the mark of Functionary: the name of the tool, directly after the mark and alone on its line, and the arguments as JSON. The mark is
/// also the prompt of Python, after which there is a blank.
/// </summary>
internal sealed class NameLineParser(ToolCallReader reader, List<ParsedToolCall> calls) : ToolCallParser(reader, calls)
{
    private readonly StringBuilder _name = new();
    private PartialJsonScanner? _json;
    private bool _isNameComplete;

    internal override ParseStep Feed(char c)
    {
        if (_json is not null)
            return FeedJson(_json, c);
        if (_isNameComplete && c == '{')
            return FeedJson(_json = new(), c);
        if (_isNameComplete)
            return char.IsWhiteSpace(c) ? ParseStep.Incomplete : ParseStep.Rejected(1);
        if (c is '\n' or '\r')
        {
            _isNameComplete = true;
            return Reader.IsOffered(_name.ToString()) ? ParseStep.Incomplete : ParseStep.Rejected(1);
        }

        _name.Append(c);
        bool mayBeName = _name.Length <= ToolNames.MaxLength && !char.IsWhiteSpace(c) && Reader.MayBecomeOffered(_name.ToString());
        return mayBeName ? ParseStep.Incomplete : ParseStep.Rejected(1);
    }

    internal override bool TryFinish() => _json?.WithClosingBrackets() is { } json && Reader.TryAdd(_name.ToString(), json, Calls);

    private ParseStep FeedJson(PartialJsonScanner json, char c) => json.Feed(c) switch
    {
        JsonScanStatus.Invalid => ParseStep.Rejected(json.Unread.Length),
        JsonScanStatus.Complete => Reader.TryAdd(_name.ToString(), json.Text, Calls) ? ParseStep.Complete() : ParseStep.Rejected(0),
        _ => ParseStep.Incomplete,
    };
}
