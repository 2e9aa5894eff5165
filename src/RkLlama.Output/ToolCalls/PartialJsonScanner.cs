using System.Text;
using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls;

/// <summary>The state of a scan after one character.</summary>
internal enum JsonScanStatus
{
    Incomplete,

    /// <summary>The character ended a member name of the outermost object. <see cref="PartialJsonScanner.LastString"/> has the name.</summary>
    Key,

    /// <summary>The character ended a string value of the outermost object. <see cref="PartialJsonScanner.LastString"/> has the value.</summary>
    StringValue,

    Complete,

    /// <summary>The text cannot become JSON, or it nests deeper than <see cref="JsonLimits.MaxDepth"/>.</summary>
    Invalid,
}

/// <summary>
/// Scans a JSON object or array that arrives one character at a time. Detects its end and most syntax errors immediately. Does not check numbers, escape
/// sequences, or the spelling of true, false and null: the JSON parser checks them when the text is complete. Does not recurse.
/// </summary>
internal sealed class PartialJsonScanner
{
    private readonly StringBuilder _text = new();
    private Expected _expected = Expected.Value;
    private int _depth;

    // One bit per level: 1 for an object, 0 for an array. The lowest bit is the innermost level.
    private ulong _objects;
    private int _stringStart;
    private bool _isKey;

    private enum Expected
    {
        Value,
        FirstItem,
        FirstKey,
        Key,
        Colon,
        CommaOrEnd,
        String,
        Escape,
        Literal,
        Nothing,
    }

    internal string Text => _text.ToString();

    internal bool IsComplete => _expected == Expected.Nothing;

    /// <summary>The last member name or string value of the outermost object, without quotes. Escape sequences are not decoded.</summary>
    internal string LastString { get; private set; } = "";

    /// <summary>Returns the text with the closing brackets that are missing at its end; null if anything else is missing.</summary>
    internal string? WithClosingBrackets()
    {
        if (IsComplete)
            return Text;
        if (_expected is not (Expected.CommaOrEnd or Expected.Literal))
            return null;
        StringBuilder closed = new(Text);
        for (int level = 0; level < _depth; level++)
            closed.Append((_objects >> level & 1) == 1 ? '}' : ']');
        return closed.ToString();
    }

    internal JsonScanStatus Feed(char c)
    {
        _text.Append(c);
        if (_expected == Expected.String)
            return FeedString(c);
        if (_expected == Expected.Escape)
            return Expect(Expected.String);
        if (_expected == Expected.Literal)
        {
            if (char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.')
                return JsonScanStatus.Incomplete;
            _expected = Expected.CommaOrEnd;
        }

        if (c is ' ' or '\t' or '\n' or '\r')
            return JsonScanStatus.Incomplete;
        return _expected switch
        {
            Expected.FirstKey when c == '}' => Close(c),
            Expected.FirstKey or Expected.Key => c == '"' ? StartString(isKey: true) : JsonScanStatus.Invalid,
            Expected.Colon => c == ':' ? Expect(Expected.Value) : JsonScanStatus.Invalid,
            Expected.FirstItem when c == ']' => Close(c),
            Expected.FirstItem or Expected.Value => StartValue(c),
            Expected.CommaOrEnd when c == ',' => Expect((_objects & 1) == 1 ? Expected.Key : Expected.Value),
            Expected.CommaOrEnd => Close(c),
            _ => JsonScanStatus.Invalid,
        };
    }

    private JsonScanStatus Expect(Expected expected)
    {
        _expected = expected;
        return JsonScanStatus.Incomplete;
    }

    private JsonScanStatus StartValue(char c) => c switch
    {
        '{' => Open(isObject: true),
        '[' => Open(isObject: false),
        '"' when _depth > 0 => StartString(isKey: false),
        '-' or 't' or 'f' or 'n' or (>= '0' and <= '9') when _depth > 0 => Expect(Expected.Literal),
        _ => JsonScanStatus.Invalid,
    };

    private JsonScanStatus Open(bool isObject)
    {
        if (_depth == JsonLimits.MaxDepth)
            return JsonScanStatus.Invalid;
        _depth++;
        _objects = (_objects << 1) | (isObject ? 1UL : 0UL);
        return Expect(isObject ? Expected.FirstKey : Expected.FirstItem);
    }

    private JsonScanStatus Close(char c)
    {
        if (c != ((_objects & 1) == 1 ? '}' : ']'))
            return JsonScanStatus.Invalid;
        _depth--;
        _objects >>= 1;
        Expect(_depth == 0 ? Expected.Nothing : Expected.CommaOrEnd);
        return IsComplete ? JsonScanStatus.Complete : JsonScanStatus.Incomplete;
    }

    private JsonScanStatus StartString(bool isKey)
    {
        _isKey = isKey;
        _stringStart = _text.Length;
        return Expect(Expected.String);
    }

    private JsonScanStatus FeedString(char c)
    {
        if (c != '"')
            return c == '\\' ? Expect(Expected.Escape) : c < ' ' ? JsonScanStatus.Invalid : JsonScanStatus.Incomplete;
        Expect(_isKey ? Expected.Colon : Expected.CommaOrEnd);
        if (_depth != 1 || (_objects & 1) == 0)
            return JsonScanStatus.Incomplete;
        LastString = _text.ToString(_stringStart, _text.Length - 1 - _stringStart);
        return _isKey ? JsonScanStatus.Key : JsonScanStatus.StringValue;
    }
}
