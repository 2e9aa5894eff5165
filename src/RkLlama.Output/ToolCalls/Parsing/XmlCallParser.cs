using System.Text;
using RkLlama.Output.Text;
using RkLlama.Output.ToolCalls.Arguments;

namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>
/// Parses the text after <c>&lt;function=</c>: the name, then one <c>&lt;parameter=p&gt;</c> or <c>&lt;p&gt;</c> per argument, or a JSON object. The value of
/// a parameter is the plain text up to its closing tag. If the closing tag is missing, the value ends at the next parameter, or at the end of the function.
/// </summary>
internal sealed class XmlCallParser(ToolCallReader reader, List<ParsedToolCall> calls) : ToolCallParser(reader, calls)
{
    internal const string FunctionTag = "<function=";
    private const string FunctionEnd = "</function>";
    private const string ParameterTag = "<parameter=";
    private const string NamedParameterTag = "<parameter name=";
    private const string ParameterEnd = "</parameter>";

    private readonly OrderedDictionary<string, string> _arguments = [];
    private readonly StringBuilder _text = new();
    private LiteralMatcher _inner = new(FunctionEnd);
    private TaggedText _value = new();
    private State _state = State.FunctionName;
    private string _name = "";
    private string _parameter = "";
    private PartialJsonScanner? _json;
    private int _inlineTag;
    private bool _isFenced;

    private enum State
    {
        FunctionName,
        BetweenParameters,
        ParameterName,
        Value,
        Json,
        AfterJson,
    }

    internal override ParseStep Feed(char c) => _state switch
    {
        State.BetweenParameters => FeedBetweenParameters(c),
        State.Value => FeedValue(c),
        State.Json => FeedJson(_json!, c),
        State.AfterJson => FeedAfterJson(c),
        _ => FeedName(c),
    };

    internal override bool TryFinish() => _state switch
    {
        State.BetweenParameters => _arguments.Count > 0 && AddCall(),
        State.Value => _value.ValueBeforeClosingTags() is { } value && AddArgument(value) && AddCall(),
        State.Json => _json!.WithClosingBrackets() is { } json && Reader.TryAdd(_name, json, Calls),
        State.AfterJson => true,
        _ => false,
    };

    private ParseStep FeedName(char c)
    {
        bool isFunction = _state == State.FunctionName;
        bool isJson = isFunction && c is '{' or '(' or ',' && Reader.IsOffered(NameIn(_text.ToString()));
        if (!isJson && c is '<' or '\n')
            return ParseStep.Rejected(1);
        if (!isJson && c != '>')
        {
            _text.Append(c);
            return _text.Length > ToolNames.MaxLength || (isFunction && !Reader.MayBecomeOffered(NameIn(_text.ToString())))
                ? ParseStep.Rejected(0)
                : ParseStep.Incomplete;
        }

        string name = NameIn(_text.ToString());
        _text.Clear();
        if (!isFunction)
        {
            StartValue(name);
            return ParseStep.Incomplete;
        }

        _name = name;
        _inner = new([.. Ends(name, "function").Union(Reader.Parameters(name).Select(static parameter => $"<{parameter}>")), ParameterTag, NamedParameterTag, ParameterEnd]);
        _state = State.BetweenParameters;
        return !Reader.IsOffered(name) ? ParseStep.Rejected(0) : c == '{' ? FeedBetweenParameters(c) : ParseStep.Incomplete;
    }

    /// <summary>Returns the name in the rest of a tag, with or without quotes. Other attributes may follow a name in quotes.</summary>
    private static string NameIn(string tag)
    {
        string name = tag.Trim();
        if (name is ['"' or '\'', ..])
            name = name[1..].Split(name[0])[0];
        return name.TrimEnd(')').Trim();
    }

    /// <summary>Returns the closing tags that models write at the end of a function or of a parameter of this name.</summary>
    private static string[] Ends(string name, string element) =>
        [.. ((string[])[$"</{element}>", $"</{element}={name}>", $"</{name}>", FunctionEnd, "</invoke>"]).Where(static tag => tag.LastIndexOf('<') == 0).Distinct()];

    private ParseStep FeedBetweenParameters(char c)
    {
        if (_inner.Length == 0 && (char.IsWhiteSpace(c) || (c == '(' && _arguments.Count == 0)))
            return ParseStep.Incomplete;
        if (_inner.Length == 0 && _arguments.Count == 0 && (c == '{' || MarkdownFence.IsPart(c) || (_isFenced && char.IsAsciiLetter(c))))
        {
            _isFenced = c != '{' || _isFenced;
            return c == '{' ? FeedJson(_json = new(), c) : ParseStep.Incomplete;
        }

        if (!_inner.Feed(c))
        {
            bool isEnd = _inner.Length > 0 && (_arguments.Count > 0 || (c != '<' && Reader.AllowsNoArguments(_name))) && !_isFenced;
            return isEnd && AddCall() ? ParseStep.Complete(_inner.Length + 1) : ParseStep.Rejected(_inner.Length + 1);
        }

        if (_inner.Match is not { } tag)
            return ParseStep.Incomplete;
        _inner.Reset();
        if (tag is ParameterTag or NamedParameterTag)
            _state = State.ParameterName;
        else if (tag is not ['<', '/', ..])
            StartValue(tag[1..^1]);
        else if (tag != ParameterEnd)
            return !_isFenced && AddCall() ? ParseStep.Complete() : ParseStep.Rejected(0);
        else if (_arguments.Count == 0)
            return ParseStep.Rejected(0);
        return ParseStep.Incomplete; // a closing tag that is there twice
    }

    private void StartValue(string name)
    {
        _parameter = name;
        _inlineTag = -1;
        string[] ends = [.. Ends(name, "parameter").Where(static tag => tag is not (FunctionEnd or "</invoke>"))];
        _value = new([.. ends, ParameterTag, NamedParameterTag, FunctionTag, TaggedText.NextBlock]);
        _state = State.Value;
    }

    private ParseStep FeedValue(char c)
    {
        string? tag = _value.Feed(c);
        if (tag is FunctionTag or TaggedText.NextBlock)
            return _value.ValueBeforeClosingTags() is { } last && AddArgument(last) && AddCall() ? ParseStep.Complete(tag.Length) : ParseStep.Incomplete;
        if (tag is ParameterTag or NamedParameterTag)
        {
            // Without a closing tag, a value ends at a parameter that starts its own line, or has the name of another parameter.
            if (!_value.IsTagFirstOnLine())
            {
                _inlineTag = _value.TotalLength - tag.Length;
                return ParseStep.Incomplete;
            }

            _state = State.ParameterName;
            return AddArgument(_value.Value) ? ParseStep.Incomplete : ParseStep.Rejected(0);
        }

        if (tag is not null)
        {
            _state = State.BetweenParameters;
            return AddArgument(_value.Value) ? ParseStep.Incomplete : ParseStep.Rejected(0);
        }

        if (c == '>' && _inlineTag >= 0)
            EndAtInlineTag();
        return ParseStep.Incomplete;
    }

    private void EndAtInlineTag()
    {
        string tag = _value.From(_inlineTag);
        string name = NameIn(tag[(tag.IndexOf('=', StringComparison.Ordinal) + 1)..^1]);
        if (name != _parameter && !_arguments.ContainsKey(name) && Reader.Schema(_name, name) is not null)
        {
            _value.CutAt(_inlineTag);
            AddArgument(_value.Value);
            StartValue(name);
        }

        _inlineTag = -1;
    }

    private ParseStep FeedJson(PartialJsonScanner json, char c)
    {
        _state = State.Json;
        JsonScanStatus status = json.Feed(c);
        if (status == JsonScanStatus.Invalid)
            return ParseStep.Rejected(json.UnreadCount);
        if (status != JsonScanStatus.Complete)
            return ParseStep.Incomplete;
        _state = State.AfterJson;
        return Reader.TryAdd(_name, json.Text, Calls) ? ParseStep.Incomplete : ParseStep.Rejected(0);
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
        return tag is ParameterEnd or ['<', not '/', ..] ? ParseStep.Rejected(0) : ParseStep.Complete();
    }

    /// <returns>False if there is another value for the same parameter: then a closing tag is missing, and nothing shows which.</returns>
    private bool AddArgument(string value)
    {
        string json = ParameterValue.ToJson(ParameterValue.WithoutLayout(value), Reader.Schema(_name, _parameter));
        return _arguments.TryAdd(_parameter, json) || _arguments[_parameter] == json;
    }

    private bool AddCall()
    {
        Reader.Add(_name, _arguments, Calls);
        return true;
    }
}
