using System.Text;
using RkLlama.Output.Text;

namespace RkLlama.Output.StructuredJson;

/// <summary>
/// Parses JSON with the mistakes that <see cref="JsonRepair"/> lists, and writes it as valid JSON. Recurses once per level, at most
/// <see cref="JsonLimits.MaxDepth"/> levels.
/// </summary>
/// <param name="start">The position at which the JSON starts.</param>
internal sealed class TolerantJsonParser(string text, int start)
{
    private readonly StringBuilder _json = new();
    private int _at = start;
    private int _openObjects;
    private int _openArrays;

    // Whether the colon after the last name was inside of its quotes.
    private bool _hasColonInName;

    /// <summary>The position after the text that has been parsed.</summary>
    internal int Position => Math.Min(_at, text.Length);

    /// <summary>The valid JSON, minified.</summary>
    internal string Json => _json.ToString();

    /// <summary>Whether the text ended before a string, object or array did.</summary>
    internal bool IsCut { get; private set; }

    private bool IsAtEnd => _at >= text.Length;

    private char Current => text[_at];

    /// <summary>Parses a value and appends its repaired form to the result; returns false if the value cannot be read.</summary>
    /// <param name="depth">The number of objects and arrays that contain the value.</param>
    internal bool ParseValue(int depth = 0)
    {
        SkipSpace();
        if (IsAtEnd)
            return false;
        return Current switch
        {
            '{' or '[' when depth == JsonLimits.MaxDepth => false,
            '{' => ParseMembers(depth + 1),
            '[' => ParseItems(depth + 1),
            '"' or '\'' or '“' => ParseString(isName: false),
            '\\' when IsBeforeQuote() => ParseString(isName: false),
            _ => ParseWord(),
        };
    }

    private bool ParseMembers(int depth)
    {
        _json.Append('{');
        _at++;
        _openObjects++;
        int doubled = SkipDoubled('{');
        for (bool isFirst = true; ; isFirst = false)
        {
            SkipSeparators();
            SkipStray(']', _openArrays);
            if (EndsHere() || TrySkip('}') || (_openArrays > 0 && Current == ']'))
                break; // without a closing bracket of its own, an object ends where the array around it ends
            if (!isFirst)
                _json.Append(',');
            if (!ParseName())
                return false;
            SkipSpace();
            if (!TrySkip(':') && !TrySkip('=') && !_hasColonInName)
                return false;
            _json.Append(':');
            if (!ParseValue(depth))
                return false;
        }

        SkipClosing('}', doubled);
        _openObjects--;
        _json.Append('}');
        return true;
    }

    private bool ParseItems(int depth)
    {
        _json.Append('[');
        _at++;
        _openArrays++;
        for (bool isFirst = true; ; isFirst = false)
        {
            SkipSeparators();
            if (!isFirst)
                SkipStray('}', _openObjects);
            if (EndsHere() || TrySkip(']') || (_openObjects > 0 && Current == '}'))
                break;
            if (!isFirst)
                _json.Append(',');
            if (!ParseValue(depth))
                return false;
        }

        _openArrays--;
        _json.Append(']');
        return true;
    }

    private bool ParseName()
    {
        _hasColonInName = false;
        if (Current is '"' or '\'' or '“' || IsBeforeQuote())
            return ParseString(isName: true);
        int start = _at;
        while (!IsAtEnd && (char.IsLetterOrDigit(Current) || Current is '_' or '$' or '-'))
            _at++;
        if (_at == start)
            return false;
        _json.Append(JsonText.Quote(text[start.._at]));
        TrySkip('"'); // the opening quote is missing
        return true;
    }

    /// <summary>Returns whether a backslash is here, and a quote behind it.</summary>
    private bool IsBeforeQuote() => Current == '\\' && _at + 1 < text.Length && text[_at + 1] is '"' or '\'';

    /// <summary>
    /// Parses a string. Without a closing quote, it ends at the end of the text. If a backslash is before its first quote, one is before its last quote, too.
    /// </summary>
    private bool ParseString(bool isName)
    {
        bool isEscaped = TrySkip('\\');
        char end = Current == '“' ? '”' : Current;
        _at++;
        StringBuilder value = new();
        while (!IsAtEnd && !(isEscaped ? IsBeforeQuote() && text[_at + 1] == end : Current == end && (isName || !IsQuoteInside(end, value.Length == 0))))
        {
            if (Current != '\\')
            {
                value.Append(text[_at++]);
                continue;
            }

            if (++_at < text.Length)
                ParseEscape(value);
        }

        IsCut |= IsAtEnd;
        _at += isEscaped ? 2 : 1;

        string whole = value.ToString();
        if (HasLoneSurrogate(whole))
            return false;
        if (isName && !isEscaped && !IsAtEnd)
            whole = WithoutColon(whole);
        _json.Append(JsonText.Quote(whole));
        return true;
    }

    /// <summary>
    /// Returns the name without a colon at its end. If no other colon follows, this one is inside of the quotes by mistake, and the last quote opens the value.
    /// </summary>
    private string WithoutColon(string name)
    {
        string trimmed = name.TrimEnd();
        int end = _at;
        SkipSpace();
        bool isWhole = trimmed is not [_, .., ':' or '='] || IsAtEnd || Current is ':' or '=';
        _at = isWhole ? end : end - 1;
        _hasColonInName = !isWhole;
        return isWhole ? name : trimmed[..^1].TrimEnd();
    }

    private bool IsQuoteInside(char quote, bool isEmpty)
    {
        int next = _at + 1;
        while (next < text.Length && text[next] is ' ' or '\t')
            next++;
        return next < text.Length && JsonQuotes.IsInside(text[next], next == _at + 1, isEmpty, quote);
    }

    /// <summary>Returns whether the text contains half of a surrogate pair, which is not valid Unicode. An escape sequence can produce it.</summary>
    internal static bool HasLoneSurrogate(string value)
    {
        for (int i = 0; i < value.Length; i++)
        {
            if (!char.IsSurrogate(value[i]))
                continue;
            if (i + 1 == value.Length || !char.IsSurrogatePair(value[i], value[i + 1]))
                return true;
            i++;
        }

        return false;
    }

    /// <summary>Parses the text after a backslash. If it is no escape sequence, the backslash is part of the string, as in <c>C:\dir</c>.</summary>
    private void ParseEscape(StringBuilder value)
    {
        char c = text[_at++];
        if (c == 'u' && _at + 4 <= text.Length && ushort.TryParse(text.AsSpan(_at, 4), System.Globalization.NumberStyles.AllowHexSpecifier, null, out ushort unit))
        {
            value.Append((char)unit);
            _at += 4;
            return;
        }

        if (c is not ('n' or 't' or 'r' or 'b' or 'f' or '"' or '\'' or '/' or '\\' or '“' or '”'))
            value.Append('\\');
        value.Append(c switch { 'n' => '\n', 't' => '\t', 'r' => '\r', 'b' => '\b', 'f' => '\f', _ => c });
    }

    /// <summary>Parses a number, or a constant of JSON or Python.</summary>
    private bool ParseWord()
    {
        int start = _at;
        while (!IsAtEnd && (char.IsAsciiLetterOrDigit(Current) || Current is '+' or '-' or '.' or '_'))
            _at++;
        string word = text[start.._at];
        string? value = JsonWord.ToJson(word);
        _json.Append(value);
        return value is not null;
    }

    private void SkipSeparators()
    {
        SkipSpace();
        while (TrySkip(',') || TrySkip(';'))
            SkipSpace();
    }

    /// <summary>Skips closing brackets that were never opened, and the separators after them.</summary>
    /// <param name="open">The number of objects or arrays that are open.</param>
    private void SkipStray(char bracket, int open)
    {
        while (open == 0 && TrySkip(bracket))
            SkipSeparators();
    }

    /// <summary>Skips opening braces that directly follow another one, and returns their number.</summary>
    private int SkipDoubled(char bracket)
    {
        int count = 0;
        for (SkipSpace(); TrySkip(bracket); SkipSpace())
            count++;
        return count;
    }

    /// <summary>Skips at most this number of closing brackets.</summary>
    private void SkipClosing(char bracket, int count)
    {
        for (; count > 0; count--)
        {
            int before = _at;
            SkipSpace();
            if (TrySkip(bracket))
                continue;
            _at = before;
            return;
        }
    }

    private bool EndsHere()
    {
        IsCut |= IsAtEnd;
        return IsAtEnd;
    }

    private bool TrySkip(char c)
    {
        if (IsAtEnd || Current != c)
            return false;
        _at++;
        return true;
    }

    /// <summary>Skips white space and comments.</summary>
    private void SkipSpace()
    {
        while (!IsAtEnd)
        {
            ReadOnlySpan<char> rest = text.AsSpan(_at);
            if (char.IsWhiteSpace(Current))
                _at++;
            else if (rest.StartsWith("//"))
                _at = rest.IndexOf('\n') is >= 0 and var line ? _at + line : text.Length;
            else if (rest.StartsWith("/*"))
                _at = rest.IndexOf("*/") is >= 0 and var close ? _at + close + 2 : text.Length;
            else
                return;
        }
    }
}
