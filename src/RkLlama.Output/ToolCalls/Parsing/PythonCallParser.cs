using System.Text;
using RkLlama.Output.StructuredJson;
using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>
/// Parses a call in the syntax of Python, such as <c>f(a="b")</c> or <c>f.call(a="b")</c>, or a list of such calls in brackets. Finds the end of the text,
/// adds missing brackets, and drops extra ones. A list may also have calls of tools that were not offered. <see cref="PythonCallReader"/> reads the calls when the text is complete.
/// </summary>
internal sealed class PythonCallParser(ToolCallReader reader, List<ParsedToolCall> calls) : ToolCallParser(reader, calls)
{
    // A list that begins with this much text of tools that were not offered is not read further.
    private const int MaxOtherLength = 2048;

    private readonly StringBuilder _text = new();
    private readonly StringBuilder _name = new();
    private readonly Stack<char> _open = new();
    private char _quote;
    private TolerantString? _marked;
    private int _markStart;
    private bool _isEscaped;
    private bool _hasTool;

    // In a list, the name of the next call must be offered. The names inside of the arguments are not checked here.
    private bool IsInNames => _open is { Count: 1 } && _open.Peek() == ']';

    internal override ParseStep Feed(char c)
    {
        if (_marked is not null)
            return FeedMarked(_marked, c);
        if (_quote == '\0' && c is ')' or ']' or '}')
            return Close(c);
        if (_quote == '\0' && _open.Count > 0 && MarkdownFence.IsPart(c))
            return ParseStep.Rejected(1);
        if (_text.Length > MaxOtherLength && !_hasTool)
            return ParseStep.Rejected(1);
        _text.Append(c);
        if (_quote == '\0' && _open.Count > 0 && c == '<')
        {
            (_marked, _markStart) = (new(c, isName: false), _text.Length - 1);
            return ParseStep.Incomplete;
        }

        if (_quote != '\0')
        {
            _quote = c == _quote && !_isEscaped ? '\0' : _quote;
            _isEscaped = c == '\\' && !_isEscaped;
            return ParseStep.Incomplete;
        }

        switch (c)
        {
            case '"' or '\'' when _open.Count > 0 && !IsInNames:
                _quote = c;
                return ParseStep.Incomplete;
            case '(' when IsInNames && !IsTool(_name.ToString()) && !ToolNames.IsIdentifier(_name.ToString()):
                return ParseStep.Rejected(1);
            case '(' or '[' or '{':
                if (_open.Count == JsonLimits.MaxDepth || (IsInNames && c != '('))
                    return ParseStep.Rejected(1);
                _hasTool |= _name.Length == 0 || IsTool(_name.ToString());
                _name.Clear();
                _open.Push(c switch { '(' => ')', '[' => ']', _ => '}' });
                return ParseStep.Incomplete;
            default:
                return IsInNames ? FeedName(c) : ParseStep.Incomplete;
        }
    }

    /// <summary>Reads a string between marks of Gemma. Any other tag does not belong to the call.</summary>
    private ParseStep FeedMarked(TolerantString value, char c)
    {
        StringStep step = value.Feed(c);
        if (step == StringStep.Invalid)
        {
            int unreadCount = _text.Length - _markStart + 1;
            (_text.Length, _marked) = (_markStart, null);
            return ParseStep.Rejected(unreadCount);
        }

        _text.Append(c);
        _marked = step == StringStep.Ended ? null : value;
        return ParseStep.Incomplete;
    }

    /// <remarks>Adds missing closing brackets only after an argument, because the output may have been cut before the first one.</remarks>
    internal override bool TryFinish()
    {
        string text = _text.ToString().TrimEnd();
        return _quote == '\0' && _marked is null && _open.Count > 0 && text is [.., not ('(' or '[' or ',' or '=')] && PythonCallReader.TryRead(text + string.Concat(_open), Reader, Calls);
    }

    /// <summary>Closes the innermost bracket of this kind, and those inside of it. A bracket that was never opened is dropped.</summary>
    private ParseStep Close(char c)
    {
        if (_open.Count == 0)
            return ParseStep.Rejected(1);
        if (!_open.Contains(c))
            return ParseStep.Incomplete;
        char closed;
        do
        {
            closed = _open.Pop();
            _text.Append(closed);
        }
        while (closed != c);
        if (_open.Count > 0)
            return ParseStep.Incomplete;
        return PythonCallReader.TryRead(_text.ToString(), Reader, Calls) ? ParseStep.Complete() : ParseStep.Rejected(0);
    }

    private ParseStep FeedName(char c)
    {
        if (c == ',' && _name.Length == 0)
            return ParseStep.Incomplete;
        if (char.IsWhiteSpace(c))
            return _name.Length == 0 || MayBecomeTool(_name.ToString()) ? ParseStep.Incomplete : ParseStep.Rejected(1);
        _name.Append(c);
        string name = _name.ToString();
        return name.Length <= ToolNames.MaxLength && (MayBecomeTool(name) || ToolNames.IsIdentifier(name)) ? ParseStep.Incomplete : ParseStep.Rejected(1);
    }

    private bool IsTool(string name) => Reader.IsOffered(PythonCallReader.WithoutSuffix(name));

    private bool MayBecomeTool(string name)
    {
        if (Reader.MayBecomeOffered(name))
            return !Reader.AcceptsAnyName || char.IsLetter(name[0]);
        int dot = name.LastIndexOf('.');
        return dot > 0 && PythonCallReader.Suffix.StartsWith(name[dot..], StringComparison.Ordinal) && Reader.IsOffered(name[..dot]);
    }
}
