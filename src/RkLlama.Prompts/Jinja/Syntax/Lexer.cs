using System.Text.RegularExpressions;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Syntax;

/// <summary>
/// Splits a template into tokens. Removes white space as jinja2 does with the options <c>trim_blocks</c> and <c>lstrip_blocks</c>: the newline after a block
/// tag, and the white space before a block tag that is the first on its line.
/// </summary>
internal sealed partial class Lexer
{
    // Longer operators come first, so that "/" does not match at the start of "//".
    private static readonly string[] _operators =
        ["//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"];

    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private readonly Stack<char> _brackets = new();
    private int _position;
    private int _line = 1;
    private int _lineCountedTo;

    // Whether the current position is at the start of the template or directly after a newline.
    private bool _atLineStart = true;

    private Lexer(string source) => _source = source;

    public static List<Token> Tokenize(string source)
    {
        string normalized = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        Lexer lexer = new(normalized.EndsWith('\n') ? normalized[..^1] : normalized);
        lexer.Run();
        return lexer._tokens;
    }

    [GeneratedRegex(@"\G(?:0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[0-9a-f])+|[1-9](?:_?[0-9])*|0(?:_?0)*)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex IntegerPattern { get; }

    [GeneratedRegex(@"\G(?<!\.)(?:[0-9]+_)*[0-9]+(?:(?:\.(?:[0-9]+_)*[0-9]+)?e[+\-]?(?:[0-9]+_)*[0-9]+|\.(?:[0-9]+_)*[0-9]+)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex FloatPattern { get; }

    [GeneratedRegex(@"\G\{%[-+]?[\s\x1C-\x1F]*raw[\s\x1C-\x1F]*(?:-%\}[\s\x1C-\x1F]*|%\})", RegexOptions.CultureInvariant)]
    private static partial Regex RawBegin { get; }

    [GeneratedRegex(@"\{%([-+]?)[\s\x1C-\x1F]*endraw[\s\x1C-\x1F]*(?:\+%\}|-%\}[\s\x1C-\x1F]*|%\}\n?)", RegexOptions.CultureInvariant)]
    private static partial Regex RawEnd { get; }

    [GeneratedRegex(@"(?:\+#\}|-#\}[\s\x1C-\x1F]*|#\}\n?)", RegexOptions.CultureInvariant)]
    private static partial Regex CommentEnd { get; }

    private void Run()
    {
        while (_position < _source.Length)
        {
            int tag = FindNextTag(_position);
            if (tag < 0)
            {
                AddData(_source[_position..]);
                break;
            }
            ReadTag(tag);
        }
        _tokens.Add(new Token(TokenKind.End, "", LineAt(_source.Length)));
    }

    private int FindNextTag(int from)
    {
        for (int at = from; ; at++)
        {
            at = _source.IndexOf('{', at);
            if (at < 0 || at + 1 >= _source.Length)
                return -1;
            if (_source[at + 1] is '{' or '%' or '#')
                return at;
        }
    }

    private void ReadTag(int tag)
    {
        char kind = _source[tag + 1];
        char sign = tag + 2 < _source.Length && _source[tag + 2] is '-' or '+' ? _source[tag + 2] : '\0';
        AddData(TrimBeforeTag(_source[_position..tag], sign, isVariable: kind == '{'));
        int begin = tag + (sign == '\0' ? 2 : 3);
        if (kind == '%' && RawBegin.Match(_source, tag) is { Success: true } raw)
        {
            MoveTo(raw.Index + raw.Length);
            Match end = RawEnd.Match(_source, _position);
            if (!end.Success && _position < _source.Length)
                throw Error("Missing end of raw directive", tag);
            if (!end.Success)
                return;
            AddData(TrimBeforeTag(_source[_position..end.Index], end.Groups[1].Value is [var endSign] ? endSign : '\0', isVariable: false));
            MoveTo(end.Index + end.Length);
        }
        else if (kind == '#')
        {
            Match end = CommentEnd.Match(_source, begin);
            if (!end.Success && begin < _source.Length)
                throw Error("Missing end of comment tag", tag);
            MoveTo(end.Success ? end.Index + end.Length : begin);
        }
        else
        {
            _tokens.Add(new Token(kind == '{' ? TokenKind.VariableBegin : TokenKind.BlockBegin, "", LineAt(tag)));
            MoveTo(begin);
            ReadTagContent(kind == '{' ? TokenKind.VariableEnd : TokenKind.BlockEnd);
        }
    }

    /// <summary>
    /// Removes white space at the end of the text before a tag. If the tag has the sign <c>-</c>, removes all of this white space. If the tag has no sign, is
    /// not <c>{{</c>, and is the first on its line, removes the white space between the start of the line and the tag.
    /// </summary>
    /// <param name="sign">The sign at the start of the tag: <c>-</c>, <c>+</c>, or NUL for none.</param>
    /// <param name="isVariable">Whether the tag is <c>{{</c>.</param>
    private string TrimBeforeTag(string text, char sign, bool isVariable)
    {
        if (sign == '-')
        {
            int end = text.Length;
            while (end > 0 && PythonStrings.IsSpace(text[end - 1]))
                end--;
            return text[..end];
        }
        int lineStart = text.LastIndexOf('\n') + 1;
        bool isFirstOnLine = lineStart > 0 || _atLineStart;
        return sign != '+' && !isVariable && isFirstOnLine && IsBlank(text.AsSpan(lineStart)) ? text[..lineStart] : text;
    }

    private static bool IsBlank(ReadOnlySpan<char> text)
    {
        foreach (char character in text)
        {
            if (!PythonStrings.IsSpace(character))
                return false;
        }
        return true;
    }

    private void ReadTagContent(TokenKind end)
    {
        while (true)
        {
            if (_position >= _source.Length)
                return;
            if (_brackets.Count == 0 && EndLength(end) is > 0 and var length)
            {
                _tokens.Add(new Token(end, "", LineAt(_position)));
                MoveTo(_position + length);
                return;
            }
            if (PythonStrings.IsSpace(_source[_position]))
                _position++;
            else
                ReadToken();
        }
    }

    private int EndLength(TokenKind end)
    {
        string close = end == TokenKind.VariableEnd ? "}}" : "%}";
        char first = _source[_position];
        if (first == '-' && string.CompareOrdinal(_source, _position + 1, close, 0, 2) == 0)
        {
            int after = _position + 3;
            while (after < _source.Length && PythonStrings.IsSpace(_source[after]))
                after++;
            return after - _position;
        }
        bool isBlock = end == TokenKind.BlockEnd;
        if (isBlock && first == '+' && string.CompareOrdinal(_source, _position + 1, close, 0, 2) == 0)
            return 3;
        if (string.CompareOrdinal(_source, _position, close, 0, 2) != 0)
            return 0;
        return isBlock && _position + 2 < _source.Length && _source[_position + 2] == '\n' ? 3 : 2;
    }

    private void ReadToken()
    {
        char first = _source[_position];
        if (char.IsAsciiDigit(first))
        {
            Match number = FloatPattern.Match(_source, _position);
            bool isFloat = number.Success;
            if (!isFloat)
                number = IntegerPattern.Match(_source, _position);
            Add(isFloat ? TokenKind.Float : TokenKind.Integer, number.Value, number.Length);
        }
        else if (first == '_' || char.IsLetter(first))
        {
            int end = _position;
            while (end < _source.Length && (_source[end] == '_' || char.IsLetterOrDigit(_source[end])))
                end++;
            Add(TokenKind.Name, _source[_position..end], end - _position);
        }
        else if (first is '"' or '\'')
        {
            int end = StringEnd(first);
            Add(TokenKind.String, StringLiteral.Decode(_source[(_position + 1)..end]), end + 1 - _position);
        }
        else
        {
            string text = _operators.FirstOrDefault(candidate => string.CompareOrdinal(_source, _position, candidate, 0, candidate.Length) == 0)
                ?? throw Error($"unexpected char '{first}'", _position);
            TrackBracket(text[0]);
            Add(TokenKind.Operator, text, text.Length);
        }
    }

    private int StringEnd(char quote)
    {
        for (int end = _position + 1; end < _source.Length; end++)
        {
            if (_source[end] == quote)
                return end;
            if (_source[end] == '\\')
                end++;
        }
        throw Error($"unexpected char '{quote}'", _position);
    }

    private void TrackBracket(char bracket)
    {
        switch (bracket)
        {
            case '(' or '[' or '{':
                _brackets.Push(bracket switch { '(' => ')', '[' => ']', _ => '}' });
                break;
            case ')' or ']' or '}' when _brackets.Count == 0 || _brackets.Pop() != bracket:
                throw Error($"unexpected '{bracket}'", _position);
        }
    }

    private void Add(TokenKind kind, string text, int length)
    {
        _tokens.Add(new Token(kind, text, LineAt(_position)));
        _position += length;
    }

    private void AddData(string text)
    {
        if (text.Length > 0)
            _tokens.Add(new Token(TokenKind.Data, text, LineAt(_position)));
    }

    private void MoveTo(int position)
    {
        _position = position;
        _atLineStart = _source[position - 1] == '\n';
    }

    private int LineAt(int position)
    {
        for (; _lineCountedTo < position; _lineCountedTo++)
            _line += _source[_lineCountedTo] == '\n' ? 1 : 0;
        return _line;
    }

    private TemplateException Error(string message, int position) => new($"{message}, line {LineAt(position)} of the chat template");
}
