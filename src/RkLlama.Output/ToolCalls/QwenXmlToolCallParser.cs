using System.Text;
using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls;

/// <summary>
/// Parses tool calls in Qwen's XML syntax: <c>&lt;function=f&gt;</c> with one <c>&lt;parameter=p&gt;</c> per argument. The value of a parameter is the plain
/// text up to its closing tag. Models sometimes omit the outer tag <c>&lt;tool_call&gt;</c>. Then the block has one function only, and a
/// <c>&lt;/tool_call&gt;</c> after it belongs to the block.
/// </summary>
/// <param name="isWrapped">True if the block starts with <c>&lt;tool_call&gt;</c>, false if it starts with <see cref="FunctionTag"/>.</param>
internal sealed class QwenXmlToolCallParser(ToolCallReader reader, List<ParsedToolCall> calls, bool isWrapped) : ToolCallParser(reader, calls)
{
    internal const string FunctionTag = "<function=";
    private const string FunctionEnd = "</function>";
    private const string ParameterTag = "<parameter=";
    private const string ParameterEnd = "</parameter>";

    private readonly LiteralMatcher _outer = new(FunctionTag, HermesToolCallParser.CloseTag, HermesToolCallParser.OpenTag);
    private readonly LiteralMatcher _inner = new(ParameterTag, FunctionEnd);
    private readonly LiteralMatcher _valueEnd = new(ParameterEnd);
    private readonly OrderedDictionary<string, string> _arguments = [];
    private readonly StringBuilder _text = new();
    private State _state = isWrapped ? State.BetweenFunctions : State.FunctionName;
    private string _name = "";
    private string _parameter = "";
    private int _charsAfterCall;

    private enum State
    {
        BetweenFunctions,
        FunctionName,
        BetweenParameters,
        ParameterName,
        Value,
    }

    internal override ParseStep Feed(char c) => _state switch
    {
        State.BetweenFunctions => FeedBetweenFunctions(c),
        State.BetweenParameters => FeedBetweenParameters(c),
        State.Value => FeedValue(c),
        _ => FeedName(c),
    };

    internal override bool TryFinish()
    {
        if (_state == State.BetweenParameters && _arguments.Count > 0)
            AddCall();
        return _state == State.BetweenFunctions && Calls.Count > 0;
    }

    private ParseStep FeedBetweenFunctions(char c)
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
        if (tag == HermesToolCallParser.CloseTag)
            return Calls.Count > 0 ? ParseStep.Complete() : ParseStep.Rejected(0);
        if (tag == HermesToolCallParser.OpenTag)
            return Calls.Count > 0 ? ParseStep.Complete(tag.Length) : ParseStep.Rejected(tag.Length);
        if (hasEnded)
            return ParseStep.Complete(tag.Length);
        _state = State.FunctionName;
        return ParseStep.Incomplete;
    }

    private ParseStep FeedBetweenParameters(char c)
    {
        if (_inner.Length == 0 && char.IsWhiteSpace(c))
            return ParseStep.Incomplete;
        if (!_inner.Feed(c))
            return ParseStep.Rejected(_inner.Length + 1);
        if (_inner.Match is not { } tag)
            return ParseStep.Incomplete;
        _inner.Reset();
        if (tag == ParameterTag)
            _state = State.ParameterName;
        else
            AddCall();
        return ParseStep.Incomplete;
    }

    private ParseStep FeedName(char c)
    {
        if (c is '<' or '\n')
            return ParseStep.Rejected(1);
        if (c != '>')
        {
            _text.Append(c);
            return ParseStep.Incomplete;
        }

        string name = _text.ToString().Trim();
        _text.Clear();
        if (_state == State.ParameterName)
        {
            _parameter = name;
            _state = State.Value;
            return ParseStep.Incomplete;
        }

        _name = name;
        _state = State.BetweenParameters;
        return Reader.IsOffered(name) ? ParseStep.Incomplete : ParseStep.Rejected(0);
    }

    private ParseStep FeedValue(char c)
    {
        _text.Append(c);
        if (!_valueEnd.Feed(c))
        {
            _valueEnd.Reset();
            _valueEnd.Feed(c);
        }

        if (_valueEnd.Match is null)
            return ParseStep.Incomplete;
        _valueEnd.Reset();
        string value = _text.ToString(0, _text.Length - ParameterEnd.Length);
        _text.Clear();
        _arguments[_parameter] = ParameterValue.ToJson(TrimLineBreaks(value), Reader.Schema(_name, _parameter));
        _state = State.BetweenParameters;
        return ParseStep.Incomplete;
    }

    /// <summary>Removes one line break at the start and one at the end of a value, because models write each tag on its own line.</summary>
    private static string TrimLineBreaks(string value)
    {
        ReadOnlySpan<char> text = value;
        if (text is ['\n', ..])
            text = text[1..];
        if (text is [.., '\n'])
            text = text[..^1];
        return text.ToString();
    }

    private void AddCall()
    {
        Calls.Add(new(_name, $"{{{string.Join(',', _arguments.Select(static argument => $"{JsonText.Quote(argument.Key)}:{argument.Value}"))}}}"));
        _arguments.Clear();
        _state = State.BetweenFunctions;
        _charsAfterCall = 0;
    }
}
