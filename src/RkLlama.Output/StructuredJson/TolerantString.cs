namespace RkLlama.Output.StructuredJson;

/// <summary>What a character of a string is.</summary>
internal enum StringStep
{
    /// <summary>The character is part of the string.</summary>
    Inside,

    /// <summary>The character may end the string. The next character shows it: see <see cref="TolerantString.ContinuesWith"/>.</summary>
    MayEnd,

    /// <summary>The character ends the string.</summary>
    Ended,

    /// <summary>The string has ended before the character.</summary>
    EndedBefore,

    /// <summary>The text is not a string.</summary>
    Invalid,
}

/// <summary>
/// Finds the end of a string in JSON with mistakes, one character at a time: quotes inside of the string without a backslash, three quotes as in Python, the
/// marks of Gemma in place of quotes, JSON as the value of a string without backslashes, and a backslash before both quotes.
/// </summary>
internal sealed class TolerantString
{
    private static readonly string[] Marks = ["<|\"|>", "<escape>"];

    private readonly char _quote;
    private readonly bool _isName;
    private readonly bool _hasEscapedQuotes;
    private string _mark = "";
    private int _matched = 1;
    private State _state;
    private Start _start;
    private bool _isEscape;
    private bool _isEmpty = true;
    private int _quotesInside;
    private int _brackets;
    private int _parentheses;

    // The last character that is no blank.
    private char _last;
    private int _run;

    // JSON inside of the string: the number of open brackets, and whether the last character is in a string of that JSON.
    private int _depth;
    private bool _isInInnerString;
    private bool _isAfterInnerQuote;

    /// <param name="open">The first character: a quote, or the start of a mark of Gemma.</param>
    /// <param name="isName">Whether the string is the name of a member. A name ends at its first quote.</param>
    /// <param name="hasEscapedQuotes">Whether a backslash is before the first quote. Then one is before the last quote, too.</param>
    internal TolerantString(char open, bool isName, bool hasEscapedQuotes = false)
    {
        _quote = open == '“' ? '”' : open;
        _isName = isName;
        _hasEscapedQuotes = hasEscapedQuotes;
        _state = open == '<' ? State.OpeningMark : State.Plain;
    }

    private enum State
    {
        Plain,
        OpeningMark,
        Marked,
        ThirdQuote,
        Triple,
        Json,
        AfterJson,
    }

    /// <summary>How the string begins: JSON in a string is an opening bracket, and a name in quotes.</summary>
    private enum Start
    {
        Brackets,
        Name,
        Text,
    }

    /// <summary>The number of characters before the value, such as 1 for a quote.</summary>
    internal int OpenLength => _state is State.Marked or State.OpeningMark ? _mark.Length : _state == State.Triple ? 3 : 1;

    /// <summary>The number of characters at the end of a string that do not belong to the value. It may be 0 if the string has ended before a character.</summary>
    internal int CloseLength { get; private set; } = 1;

    /// <summary>Whether the value has no escape sequences.</summary>
    internal bool IsVerbatim => _state is State.Marked or State.AfterJson;

    /// <summary>Returns whether a string, in any of the accepted forms, may start with this character.</summary>
    internal static bool CanStartWith(char c) => c is '"' or '\'' or '“' or '`';

    /// <summary>Returns whether a mark of Gemma is at the start of the text.</summary>
    internal static bool StartsWithMark(ReadOnlySpan<char> text)
    {
        foreach (string mark in Marks)
        {
            if (text.StartsWith(mark, StringComparison.Ordinal))
                return true;
        }

        return false;
    }

    internal StringStep Feed(char c) => _state switch
    {
        State.Plain => FeedPlain(c),
        State.OpeningMark => FeedOpeningMark(c),
        State.Marked => FeedMarked(c),
        State.Json => FeedJson(c),
        State.AfterJson => FeedAfterJson(c),
        _ => FeedTriple(c),
    };

    /// <summary>Whether a quote inside of the string has no closing one yet. Then a quote at the end of a line does not end the string.</summary>
    internal bool HasOpenInnerQuote => _state == State.Plain && _quotesInside % 2 == 1;

    /// <summary>Called after <see cref="StringStep.MayEnd"/>. Returns whether the string goes on.</summary>
    /// <param name="next">The next character that is no blank.</param>
    /// <param name="isAdjacent">Whether no blank is before it.</param>
    /// <param name="isAfterLineBreak">Whether a line break is before it.</param>
    internal bool ContinuesWith(char next, bool isAdjacent, bool isAfterLineBreak = false)
    {
        if (_state == State.Triple)
            return next == _quote && isAdjacent;
        if (_isEmpty && isAdjacent && next == _quote && next != '”')
        {
            (_state, CloseLength) = (State.ThirdQuote, 3);
            return true;
        }

        if (_start == Start.Name && next == ':')
        {
            _state = State.Json;
            return true;
        }

        bool isInside = isAfterLineBreak
            ? HasOpenInnerQuote && next is not (',' or '}' or ']' or ':')
            : JsonQuotes.IsInside(next, isAdjacent, _isEmpty, _quote) || (_quotesInside % 2 == 1 ? ClosesInnerQuote(next) : isAdjacent && OpensInnerQuote(next));
        if (isInside)
            _last = _quote;
        if (isInside)
            (_quotesInside, _isEmpty, _start) = (_quotesInside + 1, false, _start == Start.Brackets && _depth > 0 && _quote == '"' ? Start.Name : Start.Text);
        return isInside;
    }

    /// <summary>Returns whether a quote, after an opening one inside of the string, is the closing one: brackets are open inside of the string, or a sign of code follows.</summary>
    private bool ClosesInnerQuote(char next) =>
        next is ':' or ';' or '#' or '+' or '=' or '[' or '(' or '{' or '\\' || (_brackets > 0 && (next is '}' or ']' or ',')) || (_parentheses > 0 && (next is ')' or ','));

    /// <summary>Returns whether a quote is the opening one of a string of code inside of the string.</summary>
    private bool OpensInnerQuote(char next) => _last is '(' or '=' or '[' && !char.IsWhiteSpace(next) && next is not (',' or '}' or ']' or ')' or ':');

    private StringStep FeedPlain(char c)
    {
        if (_isEscape)
        {
            _isEscape = false;
            _last = c;
            CloseLength = _hasEscapedQuotes && c == _quote ? 2 : 1;
            return CloseLength == 2 ? StringStep.Ended : StringStep.Inside;
        }

        _isEscape = c == '\\';
        if (c == _quote && !_hasEscapedQuotes)
            return _isName ? StringStep.Ended : StringStep.MayEnd;
        _isEmpty = false;
        _last = char.IsWhiteSpace(c) ? _last : c;
        _brackets += c is '{' or '[' ? 1 : c is '}' or ']' ? -1 : 0;
        _parentheses = Math.Max(0, _parentheses + (c == '(' ? 1 : c == ')' ? -1 : 0));
        if (_start == Start.Brackets && c is '{' or '[')
            _depth++;
        else if (_start == Start.Brackets && !char.IsWhiteSpace(c))
            _start = Start.Text;
        return StringStep.Inside;
    }

    private StringStep FeedOpeningMark(char c)
    {
        if (_matched == 1)
            _mark = Array.Find(Marks, mark => mark[1] == c) ?? "";
        if (_matched >= _mark.Length || _mark[_matched] != c)
            return StringStep.Invalid;
        if (++_matched == _mark.Length)
            (_state, _matched, CloseLength) = (State.Marked, 0, _mark.Length);
        return StringStep.Inside;
    }

    private StringStep FeedMarked(char c)
    {
        _matched = c == _mark[_matched] ? _matched + 1 : c == _mark[0] ? 1 : 0;
        return _matched == _mark.Length ? StringStep.Ended : StringStep.Inside;
    }

    private StringStep FeedTriple(char c)
    {
        if (_state == State.ThirdQuote)
        {
            _state = State.Triple;
            return StringStep.Inside;
        }

        _run = c == _quote && !_isEscape ? _run + 1 : 0;
        _isEscape = c == '\\' && !_isEscape;
        return _run >= 3 ? StringStep.MayEnd : StringStep.Inside;
    }

    private StringStep FeedJson(char c)
    {
        if (_isAfterInnerQuote && !char.IsWhiteSpace(c))
        {
            _isAfterInnerQuote = false;
            _isInInnerString = c is not (':' or ',' or '}' or ']');
        }

        if (_isEscape || c == '\\')
            _isEscape = !_isEscape;
        else if (c == _quote && _isInInnerString)
            _isAfterInnerQuote = true;
        else if (c == _quote)
            _isInInnerString = true;
        else if (!_isInInnerString && c is '{' or '[')
            _depth++;
        else if (!_isInInnerString && c is '}' or ']' && --_depth == 0)
            _state = State.AfterJson;
        return StringStep.Inside;
    }

    private StringStep FeedAfterJson(char c)
    {
        if (char.IsWhiteSpace(c))
            return StringStep.Inside;
        if (c == _quote || c is ',' or '}' or ']')
        {
            CloseLength = c == _quote ? 1 : 0;
            return c == _quote ? StringStep.Ended : StringStep.EndedBefore;
        }

        // The JSON is only the start of a text.
        (_state, _start, _quotesInside) = (State.Plain, Start.Text, 0);
        return FeedPlain(c);
    }
}
