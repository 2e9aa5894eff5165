using System.Text;
using System.Text.RegularExpressions;
using RkLlama.Output.Text;
using RkLlama.Output.ToolCalls.Parsing;

namespace RkLlama.Output.ToolCalls.Families;

/// <summary>
/// Parses the text after Gemma 4's mark: <c>call:</c>, which may be missing, the name, and the arguments in braces. The keys have no quotes. A control token
/// stands before and after each string. Without it, a value that is not other JSON is a string. Any other text is parsed as a block.
/// </summary>
internal sealed partial class GemmaToolCallParser(ToolCallReader reader, List<ParsedToolCall> calls, ToolMark mark) : ToolCallParser(reader, calls)
{
    private const string Quote = "<|\"|>";
    private const string OlderQuote = "<escape>";

    private static readonly LiteralSet Ends = new([.. ToolFamilies.Trailers]);

    private readonly StringBuilder _name = new();
    private readonly StringBuilder _json = new();
    private readonly StringBuilder _string = new();
    private readonly LiteralMatcher _tag = new(Quote, OlderQuote, mark.Close!);
    private readonly LiteralMatcher _end = new(Ends);
    private CallBlockParser? _block;
    private bool _isInString;
    private int _depth;
    private State _state = State.Name;

    private enum State
    {
        Name,
        Arguments,
        End,
    }

    internal override PartialJsonScanner? OpenJson => _block?.OpenJson;

    internal override ParseStep Feed(char c)
    {
        if (_block is not null)
            return _block.Feed(c);
        return _state switch
        {
            State.Name => FeedName(c),
            State.Arguments => FeedArguments(c),
            _ => FeedEnd(c),
        };
    }

    internal override bool TryFinish() => _block?.TryFinish() ?? (_state == State.End || (_state == State.Arguments && !_isInString && TryAdd()));

    private ParseStep FeedName(char c)
    {
        string name = _name.ToString();
        if (c == '{' && Reader.IsOffered(name))
        {
            _state = State.Arguments;
            return FeedArguments(c);
        }

        _name.Append(c);
        if (_name.Length <= ToolNames.MaxLength && (char.IsWhiteSpace(c) || (c is not ('<' or '{' or '[' or '`' or '~') && Reader.MayBecomeOffered(_name.ToString()))))
            return ParseStep.Incomplete;
        _block = new(Reader, Calls, mark);
        ParseStep step = ParseStep.Incomplete;
        for (int i = 0; i <= name.Length && step.Status == ParseStatus.Incomplete; i++)
            step = _block.Feed(_name[i]);
        return step;
    }

    private ParseStep FeedArguments(char c)
    {
        if (_tag.Feed(c))
        {
            if (_tag.Match is not { } tag)
                return ParseStep.Incomplete;
            _tag.Reset();
            if (tag is not (Quote or OlderQuote))
                return TryAdd() ? ParseStep.Complete() : ParseStep.Rejected(0);
            ToggleString();
            return ParseStep.Incomplete;
        }

        (_isInString ? _string : _json).Append(_tag.Partial);
        _tag.Reset();
        if (_tag.CanStartWith(c))
            return FeedArguments(c);
        (_isInString ? _string : _json).Append(c);
        if (_isInString || c is not ('{' or '}'))
            return ParseStep.Incomplete;
        _depth += c == '{' ? 1 : -1;
        if (_depth > 0)
            return ParseStep.Incomplete;
        _state = State.End;
        return TryAdd() ? ParseStep.Incomplete : ParseStep.Rejected(0);
    }

    private void ToggleString()
    {
        if (_isInString)
            _json.Append(JsonText.Quote(_string.ToString()));
        _string.Clear();
        _isInString = !_isInString;
    }

    private ParseStep FeedEnd(char c)
    {
        if (_end.Length == 0 && (char.IsWhiteSpace(c) || c == '}'))
            return ParseStep.Incomplete;
        if (!_end.Feed(c))
            return ParseStep.Complete(_end.Length + 1);
        return _end.Match is not { } tag ? ParseStep.Incomplete : ParseStep.Complete(ToolFamilies.ResultStarts.Contains(tag) ? tag.Length : 0);
    }

    private bool TryAdd()
    {
        string json = _json + new string('}', Math.Max(0, _depth));
        return !_isInString && (Reader.TryAdd(_name.ToString(), json, Calls) || Reader.TryAdd(_name.ToString(), WithQuotes(json), Calls));
    }

    /// <summary>Returns the arguments with quotes around the values that are words. Strings in quotes do not change.</summary>
    private static string WithQuotes(string json) => Value.Replace(
        json, static value => value.Groups["word"] is { Success: true } word ? value.Groups["before"].Value + JsonText.Quote(word.Value.Trim()) : value.Value);

    [GeneratedRegex("""
        "(\\.|[^"\\])*"|(?<before>[:\[,]\s*)(?!(true|false|null)\s*[,}\]])(?<word>\p{L}[^"{}\[\]:,]*)(?=[,}\]])
        """, RegexOptions.CultureInvariant)]
    private static partial Regex Value { get; }
}
