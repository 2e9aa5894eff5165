namespace RkLlama.Engine.Models.Modelfiles;

/// <summary>
/// Reads a Modelfile in Ollama's syntax: one instruction a line, in any case, with its arguments after a blank. A value in quotes or triple quotes may have
/// several lines and has no escapes. A <c>#</c> starts a comment only at the start of a line. Lines of the form <c>KEY=value</c> and the keys that Ollama does
/// not know are read as by <see cref="ModelfileDotenv"/>.
/// </summary>
internal sealed class ModelfileOllama
{
    private const string TripleQuote = "\"\"\"";

    private readonly ModelfileSource _source;
    private readonly string _text;
    private readonly List<ModelfileEntry> _entries = [];
    private readonly List<string> _warnings = [];
    private int _at;

    // Whether the file has an instruction or a value that only Ollama's syntax has.
    private bool _isOllama;
    private bool _hasFrom;
    private bool _hasLowerCaseFrom;

    private ModelfileOllama(ModelfileSource source)
    {
        _source = source;
        _text = source.Text;
    }

    /// <param name="warnings">Receives a warning for each instruction and parameter that has no effect.</param>
    /// <returns>
    /// The entries in the order of the file. Null if nothing shows that the file has Ollama's syntax: it has no PARAMETER, ADAPTER or MESSAGE, no value in
    /// triple quotes, and no <c>from</c> in lower case as its only FROM.
    /// </returns>
    /// <exception cref="ModelfileException">A line is not valid, a quote is not closed, or the file has an ADAPTER.</exception>
    public static List<ModelfileEntry>? TryParse(ModelfileSource source, List<string> warnings)
    {
        ModelfileOllama reader = new(source);
        try
        {
            while (reader.ReadNext())
            {
            }
        }
        catch (ModelfileException) when (!reader._isOllama)
        {
            return null;
        }

        if (!reader._isOllama && (reader._hasFrom || !reader._hasLowerCaseFrom))
            return null;
        warnings.AddRange(reader._warnings);
        return reader._entries;
    }

    /// <summary>Reads the next line that is not a comment. Returns false at the end of the file.</summary>
    private bool ReadNext()
    {
        SkipWhile(char.IsWhiteSpace);
        if (_at >= _text.Length)
            return false;
        if (_text[_at] == '#')
        {
            SkipWhile(static c => !IsLineEnd(c));
            return true;
        }

        int start = _at;
        string instruction = ReadWord();
        SkipWhile(IsBlank);
        if (_at < _text.Length && _text[_at] == '=')
            instruction = "";
        switch (instruction.ToUpperInvariant())
        {
            case "FROM" or "SYSTEM" or "TEMPLATE" or "LICENSE":
                AddText(instruction, start);
                break;
            case "PARAMETER":
                _isOllama = true;
                AddParameter(start);
                break;
            case "ADAPTER":
                _isOllama = true;
                throw _source.Error(start, "ADAPTER is not supported: the runtime cannot apply an adapter to a converted model; merge it into the model before the conversion");
            case "MESSAGE":
                _isOllama = true;
                AddMessage(start);
                break;
            case "REQUIRES" or "RENDERER" or "PARSER":
                ReadValue();
                _warnings.Add(_source.Warning(start, $"{instruction} is not supported and is ignored"));
                break;
            default:
                _at = start;
                _entries.Add(ModelfileDotenv.ReadEntry(_source, ref _at));
                _hasFrom |= _entries[^1].Key == "FROM";
                break;
        }

        return true;
    }

    private void AddText(string instruction, int start)
    {
        int valueAt = _at;
        string? value = _at < _text.Length && !IsLineEnd(_text[_at]) ? ReadValue() : null;
        string key = instruction.ToUpperInvariant();
        _hasFrom |= instruction == "FROM";
        _hasLowerCaseFrom |= key == "FROM" && instruction != key;
        _entries.Add(new(key, value, start, valueAt, _at, Verbatim: true));
    }

    private void AddMessage(int start)
    {
        int roleAt = _at;
        string role = ReadWord();
        SkipWhile(IsBlank);
        _entries.Add(new("MESSAGE", $"{role} {ReadValue()}", start, roleAt, _at, Verbatim: true));
    }

    private void AddParameter(int start)
    {
        int nameAt = _at;
        string name = ReadWord().ToLowerInvariant();
        SkipWhile(IsBlank);
        int valueAt = _at;
        if (name.Length == 0 || _at >= _text.Length || IsLineEnd(_text[_at]))
            throw _source.Error(start, "PARAMETER needs a name and a value");
        string value = ReadValue();
        if (OllamaParameters.KeyOf(name) is { } key)
            _entries.Add(new(key, OllamaParameters.ValueOf(name, value), nameAt, valueAt, _at, Verbatim: true));
        else
            _warnings.Add(_source.Warning(nameAt, OllamaParameters.Refusal(name)));
    }

    /// <summary>Reads a value from the current position to the end of its last line.</summary>
    private string ReadValue()
    {
        if (_text.AsSpan(_at).StartsWith(TripleQuote, StringComparison.Ordinal))
        {
            _isOllama = true;
            return ReadQuoted(TripleQuote);
        }

        if (_at < _text.Length && _text[_at] == '"')
            return ReadQuoted("\"");
        int start = _at;
        SkipWhile(static c => !IsLineEnd(c));
        while (_at > start && IsBlank(_text[_at - 1]))
            _at--;
        return _text[start.._at];
    }

    /// <summary>Returns the text up to the first closing quote that is the last text of its line. So the text may contain quotes.</summary>
    private string ReadQuoted(string quote)
    {
        int open = _at, inner = _at + quote.Length;
        for (int lineStart = inner; lineStart <= _text.Length;)
        {
            int lineEnd = _text.AsSpan(lineStart).IndexOfAny('\r', '\n') is >= 0 and var length ? lineStart + length : _text.Length;
            ReadOnlySpan<char> line = _text.AsSpan(lineStart, lineEnd - lineStart).TrimEnd();
            if (line.EndsWith(quote, StringComparison.Ordinal))
            {
                _at = lineStart + line.Length;
                return _text[inner..(_at - quote.Length)];
            }

            lineStart = lineEnd + 1;
        }

        throw _source.Error(open, quote == TripleQuote ? "these triple quotes are not closed" : "this quote is not closed");
    }

    private string ReadWord()
    {
        int start = _at;
        SkipWhile(static c => c != '=' && !char.IsWhiteSpace(c));
        return _text[start.._at];
    }

    private void SkipWhile(Func<char, bool> matches)
    {
        while (_at < _text.Length && matches(_text[_at]))
            _at++;
    }

    private static bool IsLineEnd(char c) => c is '\r' or '\n';

    private static bool IsBlank(char c) => !IsLineEnd(c) && char.IsWhiteSpace(c);
}
