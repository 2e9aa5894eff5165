using System.Text;
using System.Text.Json;
using RkLlama.Output.Text;

namespace RkLlama.Output.StructuredJson;

/// <summary>
/// Finds the JSON in what a model wrote where only JSON was asked for, and mends the slips that models make: words and fences around it, single
/// quotes, bare names, comments, commas too many or too few, Python's constants, line breaks inside strings, brackets left open at the end.
/// Values are never invented: what cannot be read as one is no JSON.
/// </summary>
internal sealed class JsonRepair
{
    private const int MaxDepth = 64;
    private const int MostTries = 64;

    private readonly string _text;
    private readonly StringBuilder _json = new();
    private int _at;

    private JsonRepair(string text, int start) => (_text, _at) = (text, start);

    /// <summary>An object or an array as valid JSON: as it was written where that is valid, else mended and without needless white space; null for none.</summary>
    internal static string? Find(string reply)
    {
        string text = reply.Trim();
        if (IsJson(text))
            return text;

        // The first that can be read; words before it may have brackets too.
        int start = text.AsSpan().IndexOfAny('{', '[');
        for (int tries = 0; start >= 0 && tries < MostTries; tries++, start = Next(text, start))
        {
            JsonRepair repair = new(text, start);
            if (repair.TakeValue(0) && IsJson(repair._json.ToString()))
                return repair._json.ToString();
        }

        return null;
    }

    private static int Next(string text, int start)
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
            using JsonDocument document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = MaxDepth });
            return document.RootElement.ValueKind is JsonValueKind.Object or JsonValueKind.Array;
        }
        catch (Exception ex) when (ex is JsonException or ArgumentException)
        {
            // Broken; or half a character, which is no text.
            return false;
        }
    }

    private bool IsOver => _at >= _text.Length;

    private char Here => _text[_at];

    private bool TakeValue(int depth)
    {
        SkipSpace();
        if (IsOver || depth > MaxDepth)
            return false;
        return Here switch
        {
            '{' => TakeMembers(depth),
            '[' => TakeItems(depth),
            '"' or '\'' or '“' => TakeString(),
            _ => TakeWord(),
        };
    }

    private bool TakeMembers(int depth)
    {
        _json.Append('{');
        _at++;
        for (bool isFirst = true; ; isFirst = false)
        {
            SkipSeparators();
            if (IsOver || TrySkip('}'))
                break;
            if (!isFirst)
                _json.Append(',');
            if (!TakeName())
                return false;
            SkipSpace();
            if (!TrySkip(':') && !TrySkip('='))
                return false;
            _json.Append(':');
            if (!TakeValue(depth + 1))
                return false;
        }

        _json.Append('}');
        return true;
    }

    private bool TakeItems(int depth)
    {
        _json.Append('[');
        _at++;
        for (bool isFirst = true; ; isFirst = false)
        {
            SkipSeparators();
            if (IsOver || TrySkip(']'))
                break;
            if (!isFirst)
                _json.Append(',');
            if (!TakeValue(depth + 1))
                return false;
        }

        _json.Append(']');
        return true;
    }

    private bool TakeName()
    {
        if (Here is '"' or '\'' or '“')
            return TakeString();
        int start = _at;
        while (!IsOver && (char.IsLetterOrDigit(Here) || Here is '_' or '$' or '-'))
            _at++;
        if (_at == start)
            return false;
        _json.Append(CompactJson.Quote(_text[start.._at]));
        return true;
    }

    /// <summary>A string that the text breaks off in ends there.</summary>
    private bool TakeString()
    {
        char end = Here == '“' ? '”' : Here;
        _at++;
        StringBuilder text = new();
        while (!IsOver && Here != end)
        {
            if (Here != '\\')
            {
                text.Append(_text[_at++]);
                continue;
            }

            if (++_at < _text.Length && !TakeEscape(text))
                return false;
        }

        _at++;

        string whole = text.ToString();
        if (HasHalfCharacter(whole))
            return false;
        _json.Append(CompactJson.Quote(whole));
        return true;
    }

    /// <summary>An escape may be one half of a surrogate pair, which is no text.</summary>
    private static bool HasHalfCharacter(string text)
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

    private bool TakeEscape(StringBuilder text)
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

    /// <summary>A number, or a constant in JSON's words or Python's.</summary>
    private bool TakeWord()
    {
        int start = _at;
        while (!IsOver && (char.IsAsciiLetterOrDigit(Here) || Here is '+' or '-' or '.' or '_'))
            _at++;
        string word = _text[start.._at];
        string? value = word switch
        {
            "true" or "True" or "TRUE" => "true",
            "false" or "False" or "FALSE" => "false",
            "null" or "None" or "NULL" or "undefined" => "null",
            _ => AsNumber(word),
        };
        _json.Append(value);
        return value is not null;
    }

    private static string? AsNumber(string word)
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
        if (IsOver || Here != c)
            return false;
        _at++;
        return true;
    }

    /// <summary>White space and comments.</summary>
    private void SkipSpace()
    {
        while (!IsOver)
        {
            ReadOnlySpan<char> rest = _text.AsSpan(_at);
            if (char.IsWhiteSpace(Here))
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
