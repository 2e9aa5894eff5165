using RkLlama.Output.Text;
using RkLlama.Output.ToolCalls.Arguments;

namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>
/// Parses the arguments of GLM-4.5 after the first <see cref="KeyTag"/>: tags around each key and each value. Closing tags may be missing, or be there twice.
/// </summary>
/// <param name="tool">The name of the tool; it is offered.</param>
internal sealed class TaggedArgumentsParser(ToolCallReader reader, List<ParsedToolCall> calls, string tool) : ToolCallParser(reader, calls)
{
    internal const string KeyTag = "<arg_key>";
    private const string KeyEnd = "</arg_key>";
    private const string ValueTag = "<arg_value>";
    private const string ValueEnd = "</arg_value>";

    private readonly OrderedDictionary<string, string> _arguments = [];
    private readonly LiteralMatcher _between = new(KeyTag, KeyEnd, ValueTag, ValueEnd);
    private TaggedText? _text = new(KeyEnd, ValueTag);
    private string? _key;
    private bool _isInValue;

    internal override ParseStep Feed(char c)
    {
        if (_text is null)
            return FeedBetween(c);
        if (_text.Feed(c) is not { } end)
            return ParseStep.Incomplete;
        if (!_isInValue)
        {
            (_key, _text) = (_text.Value.Trim(), null);
            return end == ValueTag ? StartValue() : ParseStep.Incomplete;
        }

        bool isOwnEnd = end is ValueEnd or KeyTag;
        if ((isOwnEnd ? _text.Value : _text.ValueBeforeClosingTags()) is not { } value)
            return ParseStep.Incomplete;
        if (!AddArgument(value, isClosed: end == ValueEnd))
            return ParseStep.Rejected(0);
        (_text, _isInValue) = (end == KeyTag ? new(KeyEnd, ValueTag) : null, false);
        return isOwnEnd ? ParseStep.Incomplete : AddCall(end.Length);
    }

    internal override bool TryFinish()
    {
        if (_isInValue && _text!.ValueBeforeClosingTags() is { } value && AddArgument(value, isClosed: false))
            _text = null;
        return _text is null && _key is null && AddCall(0).Status == ParseStatus.Complete;
    }

    private ParseStep StartValue()
    {
        (_text, _isInValue) = (new(ValueEnd, KeyTag, TaggedText.NextBlock, XmlCallParser.FunctionTag), true);
        return ParseStep.Incomplete;
    }

    private ParseStep FeedBetween(char c)
    {
        if (_between.Length == 0 && char.IsWhiteSpace(c))
            return ParseStep.Incomplete;
        if (!_between.Feed(c))
            return _key is null && c != '<' && _between.Length > 0 ? AddCall(_between.Length + 1) : ParseStep.Rejected(_between.Length + 1);
        if (_between.Match is not { } tag)
            return ParseStep.Incomplete;
        _between.Reset();
        if (tag == ValueTag && _key is not null)
            return StartValue();
        if (tag == ValueTag || (tag == KeyTag && _key is not null))
            return ParseStep.Rejected(0);
        if (tag == KeyTag)
            _text = new(KeyEnd, ValueTag);
        return ParseStep.Incomplete; // a closing tag that is there twice
    }

    /// <returns>False if there is another value for the same key: then a closing tag is missing, and nothing shows which.</returns>
    private bool AddArgument(string value, bool isClosed)
    {
        string json = ParameterValue.ToJson(isClosed ? ParameterValue.WithoutOwnLine(value) : ParameterValue.WithoutLayout(value), Reader.Schema(tool, _key!));
        bool isNew = _arguments.TryAdd(_key!, json) || _arguments[_key!] == json;
        _key = null;
        return isNew;
    }

    private ParseStep AddCall(int unreadCount) =>
        Reader.Add(tool, _arguments, Calls) ? ParseStep.Complete(unreadCount) : ParseStep.Rejected(unreadCount);
}
