using System.Text;
using RkLlama.Output.Text;
using RkLlama.Output.ToolCalls.Arguments;

namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>
/// Parses the text after <c>&lt;function=</c>: the name, then one <c>&lt;parameter=p&gt;</c> or <c>&lt;p&gt;</c> per argument, or a JSON object. All arguments
/// may be inside of one more element, such as <c>&lt;arguments&gt;</c>. The value of a parameter is the plain text up to its closing tag. If the closing tag is
/// missing, the value ends at the next parameter, or at the end of the function.
/// </summary>
internal sealed class XmlCallParser(ToolCallReader reader, List<ParsedToolCall> calls) : ToolCallParser(reader, calls)
{
    internal const string FunctionTag = "<function=";
    private const int MaxTagLength = 4096;

    private readonly OrderedDictionary<string, string> _arguments = [];
    private readonly StringBuilder _text = new();
    private LiteralMatcher _inner = new(ParameterTag.FunctionEnd);
    private TaggedText _value = new();
    private State _state = State.FunctionName;
    private string _name = "";
    private string _element = "";
    private string[] _wrapperTags = [];
    private OpeningTag? _attributes;
    private string _parameter = "";
    private string _parameterElement = ParameterTag.Elements[0];
    private PartialJsonScanner? _json;
    private int _inlineTag;
    private bool _isFenced;

    private enum State
    {
        FunctionName,
        Attributes,
        BetweenParameters,
        ParameterName,
        Value,
        Json,
        AfterJson,
    }

    /// <summary>Starts the content of an element of another name, whose opening tag has been read.</summary>
    /// <param name="tool">The name of the tool; it need not be offered.</param>
    internal ParseStep Start(string tool, OpeningTag tag)
    {
        if (!Reader.IsOffered(tool))
            return ParseStep.Rejected(0);
        StartContent(tool, tag.Name);
        return AddAttributes(tag);
    }

    internal override ParseStep Feed(char c) => _state switch
    {
        State.Attributes => FeedAttributes(_attributes!, c),
        State.BetweenParameters => FeedBetweenParameters(c),
        State.Value => FeedValue(c),
        State.Json => FeedJson(_json!, c),
        State.AfterJson => FeedAfterJson(c),
        _ => FeedName(c),
    };

    internal override bool TryFinish() => _state switch
    {
        State.BetweenParameters => _arguments.Count > 0 && Reader.Required(_name).All(_arguments.ContainsKey) && AddCall(),
        State.Value => _value.ValueBeforeClosingTags(_element) is { } value && AddArgument(value) && AddCall(),
        State.Json => _json!.WithClosingBrackets() is { } json && Reader.TryAdd(_name, json, Calls),
        State.AfterJson => true,
        _ => false,
    };

    private ParseStep FeedName(char c)
    {
        bool isFunction = _state == State.FunctionName;
        if (isFunction && c is ' ' or '/' && Reader.IsOffered(ParameterTag.NameIn(_text.ToString())))
        {
            StartContent(ParameterTag.NameIn(_text.ToString()), "function");
            _text.Clear();
            (_attributes, _state) = (new(isNameRead: true), State.Attributes);
            return FeedAttributes(_attributes, c);
        }

        bool isJson = isFunction && c is '{' or '(' or ',' && Reader.IsOffered(ParameterTag.NameIn(_text.ToString()));
        if (!isJson && c is '<' or '\n')
            return ParseStep.Rejected(1);
        if (!isJson && c != '>')
        {
            _text.Append(c);
            return (isFunction ? _text.Length > ToolNames.MaxLength : _text.Length > MaxTagLength) || (isFunction && !Reader.MayBecomeOffered(ParameterTag.NameIn(_text.ToString())))
                ? ParseStep.Rejected(0)
                : ParseStep.Incomplete;
        }

        string tag = _text.ToString();
        _text.Clear();
        if (!isFunction)
            return StartParameter(tag);
        StartContent(ParameterTag.NameIn(tag), "function");
        return !Reader.IsOffered(_name) ? ParseStep.Rejected(0) : c == '{' ? FeedBetweenParameters(c) : ParseStep.Incomplete;
    }

    /// <summary>Starts the content of an element.</summary>
    /// <param name="name">The name of the tool; it is offered.</param>
    /// <param name="element">The name of the element.</param>
    internal ParseStep StartContent(string name, string element)
    {
        (_name, _element, _state) = (name, element, State.BetweenParameters);
        IReadOnlyList<string> parameters = Reader.Parameters(name);
        string[] wrappers = [.. ToolCallFields.ArgumentNames.Where(wrapper => wrapper != element && !ParameterTag.Elements.Contains(wrapper) && !parameters.Contains(wrapper))];
        _wrapperTags = [.. wrappers.Select(static wrapper => $"<{wrapper}>"), .. wrappers.Select(static wrapper => $"</{wrapper}>")];
        _inner = new([.. ParameterTag.EndsOf(name, element).Union(parameters.Select(static parameter => $"<{parameter}>")).Union(_wrapperTags).Union(ParameterTag.Opens).Union(ParameterTag.Closes)]);
        return ParseStep.Incomplete;
    }

    private ParseStep FeedAttributes(OpeningTag tag, char c)
    {
        if (!tag.Feed(c))
            return ParseStep.Rejected(1);
        if (!tag.IsComplete)
            return ParseStep.Incomplete;
        _state = State.BetweenParameters;
        return AddAttributes(tag);
    }

    /// <summary>Adds the attributes of the tag that are arguments. Other attributes must be ones that a call has.</summary>
    private ParseStep AddAttributes(OpeningTag tag)
    {
        IReadOnlyList<string> parameters = Reader.Parameters(_name);
        foreach ((string name, string value) in tag.Attributes)
        {
            bool isName = name.Length == 0 || (ToolCallFields.IsName(name) && Reader.IsOffered(value));
            if (parameters.Contains(name) && !isName)
                _arguments[name] = ParameterValue.ToJson(value, Reader.Schema(_name, name));
            else if (ToolCallFields.IsArguments(name))
                return tag.IsEmptyElement && Reader.TryAdd(_name, value, Calls) ? ParseStep.Complete() : ParseStep.Rejected(0);
            else if (!isName && !ToolCallFields.IsOther(name))
                return ParseStep.Rejected(0);
        }

        if (!tag.IsEmptyElement)
            return ParseStep.Incomplete;
        return (_arguments.Count > 0 || Reader.AllowsNoArguments(_name)) && AddCall() ? ParseStep.Complete() : ParseStep.Rejected(0);
    }

    /// <summary>Processes the tag of a parameter. The value may be an attribute.</summary>
    private ParseStep StartParameter(string tag)
    {
        if (ParameterTag.ValueIn(tag) is not { } attribute)
        {
            string name = ParameterTag.NameIn(tag);
            StartValue(name);
            return name.AsSpan().IndexOfAny('"', '=') < 0 ? ParseStep.Incomplete : ParseStep.Rejected(0);
        }

        (_parameter, _state) = (attribute.Name, State.BetweenParameters);
        return AddArgument(attribute.Value) ? ParseStep.Incomplete : ParseStep.Rejected(0);
    }

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
        if (_wrapperTags.Contains(tag))
            return ParseStep.Incomplete;
        if (ParameterTag.Opens.Contains(tag))
            StartParameterName(tag);
        else if (tag is not ['<', '/', ..])
            StartValue(tag[1..^1]);
        else if (!ParameterTag.Closes.Contains(tag) || tag == $"</{_element}>")
            return !_isFenced && AddCall() ? ParseStep.Complete() : ParseStep.Rejected(0);
        else if (_arguments.Count == 0)
            return ParseStep.Rejected(0);
        return ParseStep.Incomplete; // a closing tag that is there twice
    }

    private void StartParameterName(string tag) => (_parameterElement, _state) = (ParameterTag.Elements.First(element => tag[1..].Split('=', ' ')[0] == element), State.ParameterName);

    private void StartValue(string name)
    {
        _parameter = name;
        _inlineTag = -1;
        string[] ends = [.. ParameterTag.EndsOf(name, _parameterElement).Where(static tag => tag is not (ParameterTag.FunctionEnd or "</invoke>"))];
        _value = new([.. ends, $"<{_parameterElement}=", $"<{_parameterElement} name=", FunctionTag, TaggedText.NextBlock]);
        _state = State.Value;
    }

    private ParseStep FeedValue(char c)
    {
        string? tag = _value.Feed(c);
        if (tag is FunctionTag or TaggedText.NextBlock)
            return _value.ValueBeforeClosingTags() is { } last && AddArgument(last) && AddCall() ? ParseStep.Complete(tag.Length) : ParseStep.Incomplete;
        if (tag is not null && ParameterTag.Opens.Contains(tag))
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
        string name = ParameterTag.NameIn(tag[(tag.IndexOf('=', StringComparison.Ordinal) + 1)..^1]);
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

        return ParameterTag.Closes.Contains(tag) || tag[1] != '/' ? ParseStep.Rejected(0) : ParseStep.Complete();
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
