using System.Text;
using System.Text.RegularExpressions;
using RkLlama.Output.ToolCalls.Parsing;

namespace RkLlama.Output.ToolCalls.Families;

/// <summary>
/// Parses the text after the recipient's mark in the header of a message of gpt-oss: the name, the channel and the format, which may be missing, the mark of
/// the message, and the arguments as JSON. Other text also has the recipient's mark, so all parts must be in their place.
/// </summary>
internal sealed partial class RecipientCallParser(ToolCallReader reader, List<ParsedToolCall> calls) : ToolCallParser(reader, calls)
{
    private const string MessageMark = "<|message|>";
    private const int MaxHeaderLength = 100;

    private readonly StringBuilder _header = new();
    private PartialJsonScanner? _json;
    private string _name = "";

    internal override ParseStep Feed(char c)
    {
        if (_json is not null)
            return FeedJson(_json, c);
        _header.Append(c);
        if (_name.Length == 0 && c is not ('<' or ' '))
            return Reader.MayBecomeOffered(_header.ToString()) ? ParseStep.Incomplete : ParseStep.Rejected(0);
        if (_name.Length == 0)
        {
            _name = _header.ToString(0, _header.Length - 1);
            return Reader.IsOffered(_name) ? ParseStep.Incomplete : ParseStep.Rejected(1);
        }

        if (_header.Length > _name.Length + MaxHeaderLength || !(char.IsAsciiLetter(c) || c is ' ' or '<' or '>' or '|' or '_'))
            return ParseStep.Rejected(1);
        if (c != '>' || !_header.ToString().EndsWith(MessageMark, StringComparison.Ordinal))
            return ParseStep.Incomplete;
        _json = new();
        return Header.IsMatch(_header.ToString(_name.Length, _header.Length - _name.Length)) ? ParseStep.Incomplete : ParseStep.Rejected(0);
    }

    internal override bool TryFinish() => _json?.WithClosingBrackets() is { } json && Reader.TryAdd(_name, json, Calls);

    private ParseStep FeedJson(PartialJsonScanner json, char c) => json.Feed(c) switch
    {
        JsonScanStatus.Invalid => ParseStep.Rejected(json.Unread.Length),
        JsonScanStatus.Complete => Reader.TryAdd(_name, json.Text, Calls) ? ParseStep.Complete() : ParseStep.Rejected(0),
        _ => ParseStep.Incomplete,
    };

    [GeneratedRegex(@"^ *(<\|channel\|> *[a-z]+)? *(<\|constrain\|>)? *[a-z]* *<\|message\|>\z", RegexOptions.CultureInvariant)]
    private static partial Regex Header { get; }
}
