using System.Text;

namespace RkLlama.Output.ToolCalls;

/// <summary>What a character did to a JSON text.</summary>
internal enum JsonStep
{
    More,

    /// <summary>It ended a name of the outermost object: <see cref="PartialJson.LastString"/>.</summary>
    Key,

    /// <summary>It ended a string that is a value of the outermost object: <see cref="PartialJson.LastString"/>.</summary>
    Text,

    Complete,

    /// <summary>Whatever follows, this is no JSON, or JSON nested too deep.</summary>
    Broken,
}

/// <summary>
/// A JSON object or array that comes character by character: knows at once where it ends and where it can be none. Numbers, literals and
/// escapes are left to the parser that reads the whole.
/// </summary>
internal sealed class PartialJson
{
    internal const int MaxDepth = 64;

    private readonly StringBuilder _text = new();
    private Expected _expected = Expected.Value;
    private int _depth;
    private ulong _objects; // one bit a level: set for an object, clear for an array; the lowest is the innermost
    private int _stringStart;
    private bool _isKey;

    private enum Expected
    {
        Value,
        FirstItem,
        FirstKey,
        Key,
        Colon,
        Next,
        String,
        Escape,
        Literal,
        Nothing,
    }

    internal string Text => _text.ToString();

    internal bool IsComplete => _expected == Expected.Nothing;

    /// <summary>The last string of the outermost object without its quotes, escapes as they were written.</summary>
    internal string LastString { get; private set; } = "";

    /// <summary>The text with the brackets that are missing at its end; null where more than those is missing.</summary>
    internal string? Closed()
    {
        if (IsComplete)
            return Text;
        if (_expected is not (Expected.Next or Expected.Literal))
            return null;
        StringBuilder closed = new(Text);
        for (int level = 0; level < _depth; level++)
            closed.Append((_objects >> level & 1) == 1 ? '}' : ']');
        return closed.ToString();
    }

    internal JsonStep Take(char c)
    {
        _text.Append(c);
        if (_expected == Expected.String)
            return InString(c);
        if (_expected == Expected.Escape)
            return Expect(Expected.String);
        if (_expected == Expected.Literal)
        {
            if (char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.')
                return JsonStep.More;
            _expected = Expected.Next;
        }

        if (c is ' ' or '\t' or '\n' or '\r')
            return JsonStep.More;
        return _expected switch
        {
            Expected.FirstKey when c == '}' => Close(c),
            Expected.FirstKey or Expected.Key => c == '"' ? BeginString(isKey: true) : JsonStep.Broken,
            Expected.Colon => c == ':' ? Expect(Expected.Value) : JsonStep.Broken,
            Expected.FirstItem when c == ']' => Close(c),
            Expected.FirstItem or Expected.Value => BeginValue(c),
            Expected.Next when c == ',' => Expect((_objects & 1) == 1 ? Expected.Key : Expected.Value),
            Expected.Next => Close(c),
            _ => JsonStep.Broken,
        };
    }

    private JsonStep Expect(Expected expected)
    {
        _expected = expected;
        return JsonStep.More;
    }

    private JsonStep BeginValue(char c) => c switch
    {
        '{' => Open(isObject: true),
        '[' => Open(isObject: false),
        '"' when _depth > 0 => BeginString(isKey: false),
        '-' or 't' or 'f' or 'n' or (>= '0' and <= '9') when _depth > 0 => Expect(Expected.Literal),
        _ => JsonStep.Broken,
    };

    private JsonStep Open(bool isObject)
    {
        if (_depth == MaxDepth)
            return JsonStep.Broken;
        _depth++;
        _objects = (_objects << 1) | (isObject ? 1UL : 0UL);
        return Expect(isObject ? Expected.FirstKey : Expected.FirstItem);
    }

    private JsonStep Close(char c)
    {
        if (c != ((_objects & 1) == 1 ? '}' : ']'))
            return JsonStep.Broken;
        _depth--;
        _objects >>= 1;
        Expect(_depth == 0 ? Expected.Nothing : Expected.Next);
        return IsComplete ? JsonStep.Complete : JsonStep.More;
    }

    private JsonStep BeginString(bool isKey)
    {
        _isKey = isKey;
        _stringStart = _text.Length;
        return Expect(Expected.String);
    }

    private JsonStep InString(char c)
    {
        if (c != '"')
            return c == '\\' ? Expect(Expected.Escape) : c < ' ' ? JsonStep.Broken : JsonStep.More;
        Expect(_isKey ? Expected.Colon : Expected.Next);
        if (_depth != 1 || (_objects & 1) == 0)
            return JsonStep.More;
        LastString = _text.ToString(_stringStart, _text.Length - 1 - _stringStart);
        return _isKey ? JsonStep.Key : JsonStep.Text;
    }
}
