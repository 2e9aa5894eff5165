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
            _ when TolerantString.CanStartWith(Current) || IsBeforeQuote() || TolerantString.StartsWithMark(text.AsSpan(_at)) => ParseString(isName: false),
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
            if (!TrySkip(':') && !TrySkip('=') && !TrySkip('：') && !_hasColonInName)
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
        if (TolerantString.CanStartWith(Current) || IsBeforeQuote() || TolerantString.StartsWithMark(text.AsSpan(_at)))
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

    /// <summary>Parses a string. Without a closing quote, it ends at the end of the text.</summary>
    private bool ParseString(bool isName)
    {
        bool isEscaped = TrySkip('\\');
        int start = _at;
        TolerantString value = new(text[_at++], isName, isEscaped);
        StringStep step = StringStep.Inside;
        while (!IsAtEnd && step == StringStep.Inside)
        {
            step = value.Feed(Current);
            _at += step == StringStep.EndedBefore ? 0 : 1;
            if (step == StringStep.MayEnd && ContinuesAfterQuote(value))
                step = StringStep.Inside;
        }

        bool isCut = step == StringStep.Inside;
        IsCut |= isCut;
        int open = Math.Min(start + value.OpenLength, _at);
        string whole = text[open..Math.Max(open, _at - (isCut ? 0 : value.CloseLength))];
        whole = value.IsVerbatim ? whole : JsonEscapes.Decode(whole, text[start]);
        if (step == StringStep.Invalid || HasLoneSurrogate(whole))
            return false;
        if (isName && !isEscaped && !IsAtEnd)
            whole = WithoutColon(whole);
        _json.Append(JsonText.Quote(whole));
        return true;
    }

    private bool ContinuesAfterQuote(TolerantString value)
    {
        int next = _at;
        bool isAfterLineBreak = false;
        while (next < text.Length && (text[next] is ' ' or '\t' || (value.HasOpenInnerQuote && text[next] is '\n' or '\r')))
            isAfterLineBreak |= text[next++] == '\n';
        return next < text.Length && value.ContinuesWith(text[next], next == _at, isAfterLineBreak);
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
        while (TrySkip(',') || TrySkip(';') || TrySkip('，'))
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
