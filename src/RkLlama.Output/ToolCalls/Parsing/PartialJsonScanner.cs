using System.Text;
using RkLlama.Output.StructuredJson;
using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>The state of a scan after one character.</summary>
internal enum JsonScanStatus
{
    Incomplete,

    /// <summary>The character ended a member name. <see cref="PartialJsonScanner.LastString"/> has the name.</summary>
    Key,

    /// <summary>The character ended a string value of an object. <see cref="PartialJsonScanner.LastString"/> has the value.</summary>
    StringValue,

    Complete,

    /// <summary>The text cannot become JSON, or it nests deeper than <see cref="JsonLimits.MaxDepth"/>.</summary>
    Invalid,
}

/// <summary>
/// Scans a JSON object or array that arrives one character at a time. Detects its end and most syntax errors immediately. Accepts the mistakes that the
/// repair of JSON corrects: single quotes, names without quotes, extra and missing commas, constants of Python, line breaks in strings, comments, missing closing
/// brackets inside of others, extra closing brackets, doubled opening braces, the forms of strings of <see cref="TolerantString"/>, and names with one quote too few
/// or with the colon inside of the quotes. Does not check numbers, escape sequences and constants: they are checked when the text is complete. Does not recurse.
/// </summary>
internal sealed class PartialJsonScanner
{
    private readonly StringBuilder _text = new();
    private Expected _expected = Expected.Value;

    // One bit per level: 1 for an object, 0 for an array. The lowest bit is the innermost level.
    private ulong _objects;
    private TolerantString? _string;
    private int _openAt;
    private int _stringStart;
    private int _stringEnd;
    private bool _isKey;

    // Whether the last name ends with a colon inside of its quotes. If no other colon follows, its last quote opens the value.
    private bool _hasColonInKey;
    private int _quoteEnd;

    // Whether a backslash is before the quotes of the string, as in JSON that is written as a string.
    private bool _hasEscapedQuotes;
    private Expected _beforeString;

    // Whether only blanks are behind the last quote. The character after them shows whether the quote ends the string.
    private bool _isAfterQuote;

    private JsonComment _comment;

    private enum Expected
    {
        Value,
        MemberValue,
        Item,
        Key,
        BareKey,
        Colon,
        CommaOrEnd,
        String,
        Literal,
        Nothing,
    }

    internal string Text => _text.ToString();

    /// <summary>The characters at the end that are not part of the text, if the status is <see cref="JsonScanStatus.Invalid"/>.</summary>
    internal string Unread { get; private set; } = "";

    internal bool IsComplete => _expected == Expected.Nothing;

    /// <summary>The number of objects and arrays that are open.</summary>
    internal int Depth { get; private set; }

    /// <summary>Whether the scanner is inside a member name that has no quotes. <see cref="LastString"/> has its characters so far.</summary>
    internal bool IsInBareKey => _expected == Expected.BareKey;

    /// <summary>The last member name or string value, without quotes. Escape sequences are not decoded.</summary>
    internal string LastString => _text.ToString(_stringStart, (IsInBareKey ? _text.Length : _stringEnd) - _stringStart);

    private bool IsInObject => (_objects & 1) == 1;

    /// <summary>
    /// Returns the text with the closing brackets that are missing at its end, also after a comma; null if anything else is missing.
    /// </summary>
    internal string? WithClosingBrackets()
    {
        if (IsComplete)
            return Text;
        bool isAfterComma = _expected is Expected.Key or Expected.Item && Text.AsSpan().TrimEnd() is [.., ',' or ';'];
        if (_expected is not (Expected.CommaOrEnd or Expected.Literal) && !isAfterComma)
            return null;
        StringBuilder closed = new(Text);
        for (int level = 0; level < Depth; level++)
            closed.Append((_objects >> level & 1) == 1 ? '}' : ']');
        return closed.ToString();
    }

    internal JsonScanStatus Feed(char c)
    {
        JsonScanStatus status = Step(c);
        if (status == JsonScanStatus.Invalid)
            Unread += c;
        else
            _text.Append(c);
        return status;
    }

    private JsonScanStatus Step(char c)
    {
        if (_isAfterQuote && c is not (' ' or '\t') && !(c is '\n' or '\r' && _string!.HasOpenInnerQuote))
        {
            _isAfterQuote = false;
            int blanks = _text.Length - _quoteEnd - 1;
            if (_string!.ContinuesWith(c, isAdjacent: blanks == 0, isAfterLineBreak: blanks > 0 && _text.ToString(_quoteEnd + 1, blanks).Contains('\n')))
                _expected = Expected.String;
        }

        if (_expected == Expected.String)
            return FeedString(_string!, c);
        if (_expected == Expected.BareKey && !IsBareKey(c))
            return EndBareKey(c);
        if (_expected == Expected.BareKey)
            return JsonScanStatus.Incomplete;
        if (_expected == Expected.Literal)
        {
            if (char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.' or '_')
                return JsonScanStatus.Incomplete;
            _expected = Expected.CommaOrEnd;
        }

        if (_comment.IsOpen)
            return _comment.Feed(c) ? JsonScanStatus.Incomplete : JsonScanStatus.Invalid;
        if (char.IsWhiteSpace(c))
            return JsonScanStatus.Incomplete;
        return _expected switch
        {
            not Expected.Nothing when c == '/' && Depth > 0 && _comment.Feed(c) => JsonScanStatus.Incomplete,
            Expected.Key or Expected.MemberValue or Expected.Item when c == '\\' => JsonScanStatus.Incomplete, // before a quote
            Expected.Key when c == '{' && EndsWithOpenBrace() => Open(isObject: true),
            Expected.Key when c is '}' or ']' => Close(c),
            Expected.Item when c is ']' or '}' => Close(c),
            Expected.Key or Expected.Item when IsComma(c) => JsonScanStatus.Incomplete,
            Expected.Key => StartKey(c),
            Expected.Colon => IsColon(c) ? Expect(Expected.MemberValue) : _hasColonInKey ? StartValueInKey(c) : JsonScanStatus.Invalid,
            Expected.Value or Expected.MemberValue or Expected.Item => StartValue(c),
            Expected.CommaOrEnd when IsComma(c) => Expect(IsInObject ? Expected.Key : Expected.Item),
            Expected.CommaOrEnd when c is '}' or ']' => Close(c),
            Expected.CommaOrEnd => IsInObject ? StartKey(c) : StartValue(c),
            _ => JsonScanStatus.Invalid,
        };
    }

    private static bool IsColon(char c) => c is ':' or '=' or '：';

    private static bool IsComma(char c) => c is ',' or ';' or '，';

    private static bool IsBareKey(char c) => char.IsLetterOrDigit(c) || c is '_' or '$' or '-';

    private JsonScanStatus Expect(Expected expected)
    {
        _expected = expected;
        return JsonScanStatus.Incomplete;
    }

    private JsonScanStatus StartKey(char c)
    {
        if (IsQuote(c))
            return StartString(c, isKey: true);
        _stringStart = _text.Length;
        return char.IsLetter(c) || c is '_' or '$' ? Expect(Expected.BareKey) : JsonScanStatus.Invalid;
    }

    private JsonScanStatus EndBareKey(char c)
    {
        _stringEnd = _text.Length;
        _hasColonInKey = false;
        _expected = IsColon(c) ? Expected.MemberValue : Expected.Colon;
        return IsColon(c) || c == '"' || char.IsWhiteSpace(c) ? JsonScanStatus.Key : JsonScanStatus.Invalid;
    }

    /// <summary>Processes the first character of a value whose opening quote was taken for the end of the name.</summary>
    private JsonScanStatus StartValueInKey(char c)
    {
        StartString(_text[_quoteEnd], isKey: false);
        _openAt = _quoteEnd;
        return FeedString(_string!, c);
    }

    private JsonScanStatus StartValue(char c) => c switch
    {
        '{' => Open(isObject: true),
        '[' => Open(isObject: false),
        _ when Depth == 0 => JsonScanStatus.Invalid,
        _ when IsQuote(c) => StartString(c, isKey: false),
        '-' or '+' or '.' or 't' or 'f' or 'n' or 'u' or 'T' or 'F' or 'N' or (>= '0' and <= '9') => Expect(Expected.Literal),
        _ => JsonScanStatus.Invalid,
    };

    private JsonScanStatus Open(bool isObject)
    {
        if (Depth == JsonLimits.MaxDepth)
            return JsonScanStatus.Invalid;
        Depth++;
        _objects = (_objects << 1) | (isObject ? 1UL : 0UL);
        return Expect(isObject ? Expected.Key : Expected.Item);
    }

    /// <summary>
    /// Closes the innermost object or array of this kind, and those inside of it whose closing bracket is missing. If there is none, ignores the bracket.
    /// </summary>
    private JsonScanStatus Close(char c)
    {
        ulong kind = c == '}' ? 1UL : 0UL;
        int levels = 0;
        while (levels < Depth && (_objects >> levels & 1) != kind)
            levels++;
        if (levels == Depth)
            return Depth > 0 && _expected == Expected.CommaOrEnd ? JsonScanStatus.Incomplete : JsonScanStatus.Invalid;
        Depth -= levels + 1;
        _objects = levels == 63 ? 0 : _objects >> (levels + 1);
        Expect(Depth == 0 ? Expected.Nothing : Expected.CommaOrEnd);
        return IsComplete ? JsonScanStatus.Complete : JsonScanStatus.Incomplete;
    }

    private bool EndsWithOpenBrace()
    {
        int at = _text.Length - 1;
        while (at > 0 && char.IsWhiteSpace(_text[at]))
            at--;
        return _text[at] == '{';
    }

    private bool IsQuote(char c) => c switch
    {
        '<' => _expected is Expected.Key or Expected.MemberValue or Expected.Item, // may start a mark of Gemma
        '`' => _expected == Expected.MemberValue, // elsewhere, it may start a fence
        _ => TolerantString.CanStartWith(c),
    };

    private JsonScanStatus StartString(char open, bool isKey)
    {
        _hasEscapedQuotes = _text[^1] == '\\';
        _string = new(open, isKey, _hasEscapedQuotes);
        (_isKey, _openAt, _beforeString) = (isKey, _text.Length, _expected);
        return Expect(Expected.String);
    }

    private JsonScanStatus FeedString(TolerantString value, char c)
    {
        StringStep step = value.Feed(c);
        if (step == StringStep.Inside)
            return JsonScanStatus.Incomplete;
        if (step == StringStep.Invalid)
        {
            // It was no mark of Gemma, but another tag.
            (Unread, _expected) = (_text.ToString(_openAt, _text.Length - _openAt), _beforeString);
            _text.Length = _openAt;
            return JsonScanStatus.Invalid;
        }

        JsonScanStatus status = EndString(value, _text.Length + (step == StringStep.EndedBefore ? 0 : 1));
        _isAfterQuote = step == StringStep.MayEnd;
        return step == StringStep.EndedBefore ? Step(c) : status;
    }

    /// <param name="end">The position after the string.</param>
    private JsonScanStatus EndString(TolerantString value, int end)
    {
        _quoteEnd = end - 1;
        _stringStart = _openAt + value.OpenLength;
        _stringEnd = Math.Max(end - value.CloseLength, _stringStart);
        if (_isKey)
            EndKey();
        Expect(_isKey ? Expected.Colon : Expected.CommaOrEnd);
        return _isKey ? JsonScanStatus.Key : IsInObject ? JsonScanStatus.StringValue : JsonScanStatus.Incomplete;
    }

    private void EndKey()
    {
        int end = _stringEnd;
        while (end > _stringStart && char.IsWhiteSpace(_text[end - 1]))
            end--;
        _hasColonInKey = end - 1 > _stringStart && _text[end - 1] is ':' or '=' && !_hasEscapedQuotes;
        if (_hasColonInKey)
            _stringEnd = end - 1;
    }
}
