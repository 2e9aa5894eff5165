using System.Text;
using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>
/// Parses one statement of a program in Python whose purpose is to call tools: a call or a list of calls, also with <c>await</c>, whose result may be assigned
/// to a variable. After a call, a statement that only shows a variable is skipped, because the client gets the call, and the model gets the result of the call.
/// </summary>
/// <param name="variables">The variables that the program has assigned so far. A variable of this statement is added.</param>
internal sealed class StatementParser(ToolCallReader reader, List<ParsedToolCall> calls, bool isMarked, HashSet<string> variables) : ToolCallParser(reader, calls)
{
    private const string Await = "await";
    private const string Print = "print";
    private const int MaxShownLength = 4096;

    private readonly StringBuilder _text = new();
    private ToolCallParser? _inner;
    private string _word = "";
    private string? _variable;
    private int _depth;
    private char _quote;
    private bool _isEscaped;
    private State _state = State.Word;

    private enum State
    {
        Word,
        AfterWord,
        AfterEquals,
        Shown,
    }

    /// <summary>The tool, if its name is the whole call; null if not.</summary>
    internal string? BareName => (_inner as NamedCallParser)?.BareName;

    internal override bool MustBeLast => _inner?.MustBeLast == true;

    internal override PartialJsonScanner? OpenJson => _inner?.OpenJson;

    internal override ParseStep Feed(char c)
    {
        if (_inner is not null)
            return FeedInner(_inner, c);
        return _state switch
        {
            State.Word => FeedWord(c),
            State.AfterWord => FeedAfterWord(c),
            State.AfterEquals => FeedAfterEquals(c),
            _ => FeedShown(c),
        };
    }

    internal override bool TryFinish() => _inner is not null ? TryFinishInner(_inner) : _state is State.Word or State.AfterWord && variables.Contains(_text.ToString().TrimEnd());

    private ParseStep FeedWord(char c)
    {
        if (_text.Length == 0 && c is ' ' or '\t')
            return ParseStep.Incomplete;
        if (_text.Length == 0 && c == '[' && _variable is not null)
            return FeedInner(_inner = new ListParser(Reader, Calls, isMarked), c);
        if ((char.IsLetterOrDigit(c) || c == '_') && _text.Length < ToolNames.MaxLength)
        {
            _text.Append(c);
            return ParseStep.Incomplete;
        }

        _word = _text.ToString();
        _state = State.AfterWord;
        return FeedAfterWord(c);
    }

    private ParseStep FeedAfterWord(char c)
    {
        if (c == '=')
        {
            _state = State.AfterEquals;
            _text.Append(c);
            return ParseStep.Incomplete;
        }

        if (_variable is null && variables.Contains(_word) && (c == '\n' || MarkdownFence.IsPart(c)))
            return ParseStep.Complete(1);
        if (_variable is null && _word == Print && c == '(' && variables.Count > 0)
        {
            _state = State.Shown;
            return FeedShown(c);
        }

        if (c is ' ' or '\t')
        {
            _text.Append(c);
            return ParseStep.Incomplete;
        }

        if (_word == Await && _text.Length > _word.Length)
        {
            Restart();
            return FeedWord(c);
        }

        return Replay(c);
    }

    /// <summary>Reads a character after <c>=</c>: a comparison is no assignment.</summary>
    private ParseStep FeedAfterEquals(char c)
    {
        if (c == '=' || _word.Length == 0 || char.IsDigit(_word[0]))
            return Replay(c);
        _variable = _word;
        Restart();
        return FeedWord(c);
    }

    /// <summary>Reads a call of <c>print</c> up to its end. If it shows a variable and calls no tool, it is skipped.</summary>
    private ParseStep FeedShown(char c)
    {
        _text.Append(c);
        if (_text.Length > MaxShownLength)
            return Replay(null);
        if (_quote != '\0')
        {
            _quote = c == _quote && !_isEscaped ? '\0' : _quote;
            _isEscaped = c == '\\' && !_isEscaped;
            return ParseStep.Incomplete;
        }

        if (c is '"' or '\'')
            _quote = c;
        _depth += c == '(' ? 1 : c == ')' ? -1 : 0;
        if (_depth > 0)
            return ParseStep.Incomplete;
        string[] words = string.Concat(_text.ToString().Select(static part => char.IsLetterOrDigit(part) || part == '_' ? part : ' ')).Split(' ');
        return words.Any(variables.Contains) && !words.Any(Reader.IsOffered) ? ParseStep.Complete() : Replay(null);
    }

    private void Restart()
    {
        _text.Clear();
        _word = "";
        _state = State.Word;
    }

    /// <summary>Parses the text so far, and this character, as a call.</summary>
    private ParseStep Replay(char? last)
    {
        string text = _text.ToString() + last;
        _inner = new NamedCallParser(Reader, Calls, isMarked);
        for (int i = 0; i < text.Length; i++)
        {
            ParseStep step = FeedInner(_inner, text[i]);
            if (step.Status != ParseStatus.Incomplete)
                return step with { UnreadCount = step.UnreadCount + text.Length - i - 1 };
        }

        return ParseStep.Incomplete;
    }

    private ParseStep FeedInner(ToolCallParser inner, char c)
    {
        ParseStep step = inner.Feed(c);
        if (step.Status == ParseStatus.Complete)
            Assign();
        return step;
    }

    private bool TryFinishInner(ToolCallParser inner)
    {
        Assign();
        return inner.TryFinish();
    }

    private void Assign()
    {
        if (_variable is not null)
            variables.Add(_variable);
    }
}
