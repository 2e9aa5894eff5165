using System.Text;
using System.Text.Json;
using RkLlama.Output.Text;

namespace RkLlama.Output.StructuredJson;

/// <summary>
/// Extracts JSON from a model's reply and repairs typical mistakes: text and Markdown fences around the JSON, single quotes, names without quotes,
/// comments, extra or missing commas, Python constants, line breaks inside strings, missing closing brackets. Does not guess values: if a value cannot be
/// read, there is no result.
/// </summary>
internal sealed class JsonRepair
{
    /// <summary>The maximum number of opening brackets in the reply that are tried as the start of the JSON.</summary>
    internal const int MaxAttempts = 64;

    private readonly string _text;
    private readonly StringBuilder _json = new();
    private int _at;

    private JsonRepair(string text, int start) => (_text, _at) = (text, start);

    /// <summary>Returns the first object or array of the reply.</summary>
    /// <returns>
    /// The reply, trimmed, if it is a valid JSON object or array. Otherwise the repaired JSON, minified. Null if the reply contains no object or array that
    /// can be repaired.
    /// </returns>
    internal static string? Repair(string reply)
    {
        string text = reply.Trim();
        if (IsJson(text))
            return text;

        // Text before the JSON may contain brackets too.
        int start = text.AsSpan().IndexOfAny('{', '[');
        for (int attempts = 0; start >= 0 && attempts < MaxAttempts; attempts++, start = NextBracket(text, start))
        {
            JsonRepair repair = new(text, start);
            if (repair.ParseValue(0) && IsJson(repair._json.ToString()))
                return repair._json.ToString();
        }

        return null;
    }

    private static int NextBracket(string text, int start)
    {
        int next = text.AsSpan(start + 1).IndexOfAny('{', '[');
        return next < 0 ? -1 : start + 1 + next;
    }

    private static bool IsJson(string text)
    {
        if (text.Length == 0)
            return false;
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, JsonLimits.Document);
            return document.RootElement.ValueKind is JsonValueKind.Object or JsonValueKind.Array;
        }
        catch (Exception ex) when (ex is JsonException or ArgumentException)
        {
            // Invalid JSON, or half of a surrogate pair.
            return false;
        }
    }

    private bool IsAtEnd => _at >= _text.Length;

    private char Current => _text[_at];

    /// <summary>Parses a value and appends its repaired form to the result; returns false if the value cannot be read.</summary>
    /// <param name="depth">The number of objects and arrays that contain the value.</param>
    private bool ParseValue(int depth)
    {
        SkipSpace();
        if (IsAtEnd)
            return false;
        return Current switch
        {
            '{' or '[' when depth == JsonLimits.MaxDepth => false,
            '{' => ParseMembers(depth + 1),
            '[' => ParseItems(depth + 1),
            '"' or '\'' or '“' => ParseString(),
            _ => ParseWord(),
        };
    }

    private bool ParseMembers(int depth)
    {
        _json.Append('{');
        _at++;
        for (bool isFirst = true; ; isFirst = false)
        {
            SkipSeparators();
            if (IsAtEnd || TrySkip('}'))
                break;
            if (!isFirst)
                _json.Append(',');
            if (!ParseName())
                return false;
            SkipSpace();
            if (!TrySkip(':') && !TrySkip('='))
                return false;
            _json.Append(':');
            if (!ParseValue(depth))
                return false;
        }

        _json.Append('}');
        return true;
    }

    private bool ParseItems(int depth)
    {
        _json.Append('[');
        _at++;
        for (bool isFirst = true; ; isFirst = false)
        {
            SkipSeparators();
            if (IsAtEnd || TrySkip(']'))
                break;
            if (!isFirst)
                _json.Append(',');
            if (!ParseValue(depth))
                return false;
        }

        _json.Append(']');
        return true;
    }

    private bool ParseName()
    {
        if (Current is '"' or '\'' or '“')
            return ParseString();
        int start = _at;
        while (!IsAtEnd && (char.IsLetterOrDigit(Current) || Current is '_' or '$' or '-'))
            _at++;
        if (_at == start)
            return false;
        _json.Append(JsonText.Quote(_text[start.._at]));
        return true;
    }

    /// <summary>Parses a string. Without a closing quote, it ends at the end of the text.</summary>
    private bool ParseString()
    {
        char end = Current == '“' ? '”' : Current;
        _at++;
        StringBuilder text = new();
        while (!IsAtEnd && Current != end)
        {
            if (Current != '\\')
            {
                text.Append(_text[_at++]);
                continue;
            }

            if (++_at < _text.Length && !ParseEscape(text))
                return false;
        }

        _at++;

        string whole = text.ToString();
        if (HasLoneSurrogate(whole))
            return false;
        _json.Append(JsonText.Quote(whole));
        return true;
    }

    /// <summary>Returns whether the text contains half of a surrogate pair, which is not valid Unicode. An escape sequence can produce it.</summary>
    private static bool HasLoneSurrogate(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                return true;
            i++;
        }

        return false;
    }

    private bool ParseEscape(StringBuilder text)
    {
        char c = _text[_at++];
        if (c != 'u')
        {
            text.Append(c switch { 'n' => '\n', 't' => '\t', 'r' => '\r', 'b' => '\b', 'f' => '\f', _ => c });
            return true;
        }

        if (_at + 4 > _text.Length || !ushort.TryParse(_text.AsSpan(_at, 4), System.Globalization.NumberStyles.HexNumber, null, out ushort unit))
            return false;
        text.Append((char)unit);
        _at += 4;
        return true;
    }

    /// <summary>Parses a number, or a constant of JSON or Python.</summary>
    private bool ParseWord()
    {
        int start = _at;
        while (!IsAtEnd && (char.IsAsciiLetterOrDigit(Current) || Current is '+' or '-' or '.' or '_'))
            _at++;
        string word = _text[start.._at];
        string? value = word switch
        {
            "true" or "True" or "TRUE" => "true",
            "false" or "False" or "FALSE" => "false",
            "null" or "None" or "NULL" or "undefined" => "null",
            _ => NormalizeNumber(word),
        };
        _json.Append(value);
        return value is not null;
    }

    private static string? NormalizeNumber(string word)
    {
        string number = word.TrimStart('+').Replace("_", "", StringComparison.Ordinal);
        if (number.StartsWith('.'))
            number = "0" + number;
        if (number.EndsWith('.'))
            number += "0";
        Utf8JsonReader reader = new(Encoding.UTF8.GetBytes(number));
        try
        {
            return reader.Read() && reader.TokenType == JsonTokenType.Number && !reader.Read() ? number : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private void SkipSeparators()
    {
        SkipSpace();
        while (TrySkip(',') || TrySkip(';'))
            SkipSpace();
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
            ReadOnlySpan<char> rest = _text.AsSpan(_at);
            if (char.IsWhiteSpace(Current))
                _at++;
            else if (rest.StartsWith("//"))
                _at = rest.IndexOf('\n') is >= 0 and var line ? _at + line : _text.Length;
            else if (rest.StartsWith("/*"))
                _at = rest.IndexOf("*/") is >= 0 and var close ? _at + close + 2 : _text.Length;
            else
                return;
        }
    }
}
