using RkLlama.Output.StructuredJson;
using RkLlama.Output.ToolCalls.Arguments;

namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>
/// Reads calls in the syntax of Python. Values may be strings, numbers, constants, lists and dictionaries. An argument without a name gets the name of the
/// parameter at its position in the tool's schema. A dictionary that is the only argument contains the arguments. Everything else, such as a variable or an
/// expression, is not a call.
/// </summary>
internal sealed class PythonCallReader
{
    /// <summary>The text that some models write between the name and the arguments.</summary>
    internal const string Suffix = ".call";
    private const string Wrapper = "print";

    private readonly string _text;
    private readonly ToolCallReader _reader;
    private int _at;

    private PythonCallReader(string text, ToolCallReader reader) => (_text, _reader) = (text, reader);

    private char Current => _at < _text.Length ? _text[_at] : '\0';

    internal static string WithoutSuffix(string name) => name.EndsWith(Suffix, StringComparison.Ordinal) ? name[..^Suffix.Length] : name;

    /// <summary>Appends all calls of the text to the list. If one of them is invalid, appends nothing and returns false.</summary>
    internal static bool TryRead(string text, ToolCallReader reader, List<ParsedToolCall> calls)
    {
        List<ParsedToolCall> found = [];
        PythonCallReader python = new(text, reader);
        if (!python.ReadCalls(found) || found.TrueForAll(static call => call.IsText))
            return false;
        calls.AddRange(found);
        return true;
    }

    private bool ReadCalls(List<ParsedToolCall> calls)
    {
        bool isList = TrySkip('[');
        do
        {
            SkipSpace();
            if (Current == ']')
                break;
            int start = _at;
            if ((ReadCall(mayWrap: true) ?? (isList ? ReadOtherCall(start) : null)) is not { } call)
                return false;
            calls.Add(call);
        }
        while (isList && TrySkip(','));
        if (isList && !TrySkip(']'))
            return false;
        SkipSpace();
        return _at == _text.Length;
    }

    private ParsedToolCall? ReadCall(bool mayWrap)
    {
        int start = _at;
        while (char.IsLetterOrDigit(Current) || Current is '_' or '-' or '.' or ':' or '/' or '\\')
            _at++;
        string name = _text[start.._at];
        if (!TrySkip('('))
            return null;
        if (mayWrap && name == Wrapper && !_reader.IsOffered(name))
        {
            SkipSpace();
            return ReadCall(mayWrap: false) is { } inner && TrySkip(')') ? inner : null;
        }

        if (_reader.Resolve(WithoutSuffix(name)) is not { } tool || ReadArguments(tool) is not { } arguments)
            return null;
        List<ParsedToolCall> calls = [];
        return _reader.TryAdd(tool, arguments, calls) ? calls[0] : null;
    }

    /// <summary>Reads a call of a tool that was not offered, as text; null if there is none.</summary>
    private ParsedToolCall? ReadOtherCall(int start)
    {
        _at = start;
        while (char.IsLetterOrDigit(Current) || Current is '_' or '-' or '.')
            _at++;
        string name = _text[start.._at];
        if (!ToolNames.IsIdentifier(name) || _reader.IsOffered(WithoutSuffix(name)) || Current != '(')
            return null;
        int depth = 0;
        char quote = '\0';
        for (; _at < _text.Length; _at++)
        {
            char c = Current;
            if (quote != '\0' && c == '\\')
                _at++;
            else if (quote != '\0')
                quote = c == quote ? '\0' : quote;
            else if (c is '"' or '\'')
                quote = c;
            else
                depth += c is '(' or '[' or '{' ? 1 : c is ')' or ']' or '}' ? -1 : 0;
            if (depth == 0)
                return ParsedToolCall.OfText(_text[start..++_at]);
        }

        return null;
    }

    /// <summary>Reads the arguments up to the closing bracket, and returns them as a JSON object; null if they cannot be read.</summary>
    private string? ReadArguments(string tool)
    {
        OrderedDictionary<string, string> arguments = [];
        string? dictionary = null;
        for (int position = 0; !TrySkip(')'); position++)
        {
            if (position > 0 && !TrySkip(','))
                return null;
            if (TrySkip(')'))
                break;
            bool isUnpacked = _text.AsSpan(_at).StartsWith("**");
            _at += isUnpacked ? 2 : 0;
            string? key = ReadKey();
            if (dictionary is not null || ReadValue() is not { } value)
                return null;
            if (key is null && position == 0 && DictionaryOf(tool, value, isUnpacked) is { } all)
                dictionary = all;
            else if ((key ?? _reader.Parameters(tool).ElementAtOrDefault(position)) is { } name && !isUnpacked)
                arguments[name] = value;
            else
                return null;
        }

        return dictionary ?? ParameterValue.ToObject(arguments);
    }

    /// <summary>
    /// Returns the object that contains all arguments of the tool, if the value is one: it has the names of parameters, or it is unpacked. If the parameters
    /// are not known, every object is one. The object may be in a string.
    /// </summary>
    private string? DictionaryOf(string tool, string value, bool isUnpacked)
    {
        IReadOnlyList<string> parameters = _reader.Parameters(tool);
        string text = value;
        if (value is ['"', ..])
            ToolCallReader.TryParse($"[{value}]", list => (text = list[0].GetString()!.Trim()).Length > 0);
        bool isDictionary = text is ['{', ..] && ToolCallReader.TryParse(
            text, root => isUnpacked || (parameters.Count == 0 && text == value) || root.EnumerateObject().All(member => parameters.Contains(member.Name)));
        return isDictionary ? text : null;
    }

    /// <summary>Reads a value and returns it as JSON; null if it cannot be read. A tuple becomes an array.</summary>
    private string? ReadValue()
    {
        SkipSpace();
        bool isRaw = Current is 'r' or 'R' && _at + 1 < _text.Length && _text[_at + 1] is '"' or '\'';
        string quote = _text.AsSpan(_at + (isRaw ? 1 : 0)) switch
        {
            ['"', '"', '"', ..] => "\"\"\"",
            ['\'', '\'', '\'', ..] => "\'\'\'",
            _ => isRaw ? _text[_at + 1].ToString() : "",
        };
        if (quote.Length > 0)
            return ReadString(quote, isRaw);
        return Current == '(' ? ReadTuple() : JsonRepair.RepairValueAt(_text, _at, out _at);
    }

    /// <summary>Reads a string in three quotes, or a raw string.</summary>
    private string? ReadString(string quote, bool isRaw)
    {
        int start = _at + (isRaw ? 1 : 0) + quote.Length;
        int end = _text.IndexOf(quote, start, StringComparison.Ordinal);
        if (end < 0)
            return null;
        string value = _text[start..end];
        _at = end + quote.Length;
        if (isRaw || !value.Contains('\\', StringComparison.Ordinal))
            return JsonRepair.Quote(value) ?? "\"\"";
        return value.Contains('"', StringComparison.Ordinal) ? null : JsonRepair.RepairValueAt($"\"{value}\"", 0, out _);
    }

    private string? ReadTuple()
    {
        List<string> items = [];
        bool isTuple = false;
        TrySkip('(');
        while (!TrySkip(')'))
        {
            if (ReadValue() is not { } item)
                return null;
            items.Add(item);
            isTuple |= TrySkip(',');
            if (items.Count > 1 && !isTuple)
                return null;
        }

        return isTuple || items.Count == 0 ? $"[{string.Join(',', items)}]" : items[0];
    }

    /// <summary>Reads the name of an argument and the sign after it. If there is none, reads nothing and returns null.</summary>
    private string? ReadKey()
    {
        int start = _at;
        while (char.IsLetterOrDigit(Current) || Current == '_')
            _at++;
        string key = _text[start.._at];
        SkipSpace();
        if (key.Length > 0 && Current is '=' or ':')
        {
            _at++;
            return key;
        }

        _at = start;
        return null;
    }

    private bool TrySkip(char c)
    {
        SkipSpace();
        if (Current != c)
            return false;
        _at++;
        return true;
    }

    private void SkipSpace()
    {
        while (char.IsWhiteSpace(Current))
            _at++;
    }
}
