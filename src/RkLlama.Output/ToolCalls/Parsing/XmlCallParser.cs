using System.Text;
using RkLlama.Output.Text;
using RkLlama.Output.ToolCalls.Arguments;

namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>
/// Parses the text after <c>&lt;function=</c>: the name, then one <c>&lt;parameter=p&gt;</c> or <c>&lt;p&gt;</c> per argument, or a JSON object. All arguments
/// may be inside of one more element, such as <c>&lt;arguments&gt;</c>. The value of a parameter is the plain text up to its closing tag. If the closing tag is
/// missing, the value ends at the next parameter, or at the end of the function. If an element has no arguments, they may be behind it.
/// </summary>
internal sealed partial class XmlCallParser(ToolCallReader reader, List<ParsedToolCall> calls) : ToolCallParser(reader, calls)
{
    internal const string FunctionTag = "<function=";
    private const string EmptyFunction = "<function/>"; // in place of the closing tag
    private const int MaxTagLength = 4096;

    private readonly OrderedDictionary<string, string> _arguments = [];
    private readonly StringBuilder _text = new();
    private ArgumentsAfterBlock? _after;
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
    private bool _isFenced;

    private enum State
    {
        FunctionName,
        Attributes,
        BetweenParameters,
        ParameterName,
        Value,
        ParameterNameInValue,
        UnknownTag,
        Json,
        AfterJson,
    }

    /// <summary>Whether the element is itself behind a block with the name of the tool. Then no arguments follow it.</summary>
    internal bool IsAfterBlock { get; init; }

    /// <summary>Starts the content of an element of another name, whose opening tag has been read.</summary>
    /// <param name="tool">The name of the tool; it need not be offered.</param>
    internal ParseStep Start(string tool, OpeningTag tag)
    {
        if (!Reader.IsOffered(tool))
            return ParseStep.Rejected(0);
        StartContent(tool, tag.Name);
        return AddAttributes(tag);
    }

    internal override ParseStep Feed(char c)
    {
        if (_after is not null)
            return _after.Feed(c);
        if (_isValuePending)
            _behindValue.Append(c);
        return FeedState(c);
    }

    private ParseStep FeedState(char c) => _state switch
    {
        State.Attributes => FeedAttributes(_attributes!, c),
        State.BetweenParameters => FeedBetweenParameters(c),
        State.Value => FeedValue(c),
        State.UnknownTag => FeedUnknownTag(c),
        State.Json => FeedJson(_json!, c),
        State.AfterJson => FeedAfterJson(c),
        _ => FeedName(c),
    };

    internal override bool TryFinish() => _after?.TryFinish() ?? _state switch
    {
        _ when _isInvalid => false,
        State.UnknownTag when !MayBecomeBlockEnd(_behindValue.ToString(_tagStart, _behindValue.Length - _tagStart)) => false,
        State.BetweenParameters or State.UnknownTag =>
            TryEndValue() && _arguments.Count > 0 && Reader.Required(_name).All(_arguments.ContainsKey) && AddCall(),
        State.Value => ValueAtEnd() is { } value && AddArgument(value) && AddCall(),
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
        if (!isFunction && c is '<' or '\n' && ContinuesValue())
            return FeedValue(c);
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
            return EndParameterName(tag);
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
        _inner = new([.. ParameterTag.EndsOf(name, element).Union(parameters.Select(static parameter => $"<{parameter}>")).Union(_wrapperTags).Union(ParameterTag.Opens).Union(ParameterTag.Closes).Append(EmptyFunction)]);
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
        bool isFirst = _arguments.Count == 0 && !_isValuePending;
        if (_inner.Length == 0 && (char.IsWhiteSpace(c) || (c == '(' && isFirst)))
            return ParseStep.Incomplete;
        if (_inner.Length == 0 && isFirst && (c == '{' || MarkdownFence.IsPart(c) || (_isFenced && char.IsAsciiLetter(c))))
        {
            _isFenced = c != '{' || _isFenced;
            return c == '{' ? FeedJson(_json = new(), c) : ParseStep.Incomplete;
        }

        if (!_inner.Feed(c))
            return _isValuePending ? StartUnknownTag(c) : EndAtOtherText(c);
        if (_inner.Match is not { } tag)
            return ParseStep.Incomplete;
        _inner.Reset();
        if (_wrapperTags.Contains(tag))
            return ParseStep.Incomplete;
        if (ParameterTag.Opens.Contains(tag))
            (_parameterElement, _state) = (ElementOf(tag), State.ParameterName);
        else if (tag is not ['<', '/', ..] and not EmptyFunction)
            return StartElement(tag[1..^1]);
        else if (!ParameterTag.Closes.Contains(tag) || tag == $"</{_element}>")
            return !_isFenced && TryEndValue() ? EndElement() : ParseStep.Rejected(0);
        else if (_isValuePending)
            EndValueLater(tag);
        else if (_arguments.Count == 0)
            return ParseStep.Rejected(0);
        return ParseStep.Incomplete; // a closing tag that is there twice
    }

    /// <summary>Processes a character that belongs to no tag of the function: the function ends before it.</summary>
    private ParseStep EndAtOtherText(char c)
    {
        bool isEnd = _inner.Length > 0 && (_arguments.Count > 0 || (c != '<' && Reader.AllowsNoArguments(_name))) && !_isFenced;
        return isEnd && AddCall() ? ParseStep.Complete(_inner.Length + 1) : ParseStep.Rejected(_inner.Length + 1);
    }

    /// <summary>Ends the element. If it had no arguments, they may follow.</summary>
    private ParseStep EndElement()
    {
        if (!AddCall())
            return ParseStep.Rejected(0);
        if (_arguments.Count > 0 || IsAfterBlock)
            return ParseStep.Complete();
        _after = new(Reader, Calls, Calls[^1].Name);
        return ParseStep.Incomplete;
    }

    private ParseStep StartElement(string parameter)
    {
        if (!TryEndValue())
            return ParseStep.Rejected(0);
        StartValue(parameter);
        return ParseStep.Incomplete;
    }

    private static string ElementOf(string tag) => ParameterTag.Elements.First(element => tag[1..].Split('=', ' ')[0] == element);

    /// <returns>False if there is another value for the same parameter: then a closing tag is missing, and nothing shows which.</returns>
    private bool AddArgument(string value)
    {
        string json = ParameterValue.ToJson(ParameterValue.WithoutLayout(value), Reader.Schema(_name, _parameter));
        return _arguments.TryAdd(_parameter, json) || _arguments[_parameter] == json;
    }

    private bool AddCall() => Reader.Add(_name, _arguments, Calls);
}
