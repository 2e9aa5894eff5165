namespace RkLlama.Engine.Models.Modelfiles;

/// <summary>
/// Reads a Modelfile line by line: <c>KEY=value</c> with the syntax of python-dotenv 1.2, and also <c>KEY value</c>. It differs from python-dotenv in four
/// cases. An invalid line is an error; python-dotenv warns and continues. The value of <c>KEY= # text</c> is empty; python-dotenv up to 1.2.2 returns
/// <c># text</c>. A line with only a key does not change an earlier value of this key. A value may be in triple quotes, as in TOML.
/// </summary>
internal sealed class ModelfileDotenv
{
    private readonly ModelfileSource _source;
    private readonly string _text;
    private int _at;

    private ModelfileDotenv(ModelfileSource source)
    {
        _source = source;
        _text = source.Text;
    }

    private char Current => _at < _text.Length ? _text[_at] : '\0';
    private bool IsTripleQuote => Current is '\'' or '"' && _text.AsSpan(_at).StartsWith(new string(Current, 3));
    private bool AtLineEnd => _at >= _text.Length || _text[_at] is '\r' or '\n';

    /// <summary>Returns all entries of the file in their order. Keys are not checked, and <c>${NAME}</c> is not replaced.</summary>
    /// <exception cref="ModelfileException">
    /// A line is neither <c>KEY=value</c> nor <c>KEY value</c>, a quote is not closed, or text follows a closing quote.
    /// </exception>
    public static List<ModelfileEntry> Parse(ModelfileSource source)
    {
        ModelfileDotenv reader = new(source);
        List<ModelfileEntry> entries = [];
        while (reader.ReadEntry() is { } entry)
        {
            entries.Add(entry);
        }

        return entries;
    }

    /// <summary>Reads the entry at a position, which must be the start of a line's text.</summary>
    /// <param name="at">The position in the text. Advanced to the end of the line.</param>
    /// <inheritdoc cref="Parse" path="/exception"/>
    internal static ModelfileEntry ReadEntry(ModelfileSource source, ref int at)
    {
        ModelfileDotenv reader = new(source) { _at = at };
        reader.SkipExport();
        ModelfileEntry entry = reader.ReadPair();
        at = reader._at;
        return entry;
    }

    private ModelfileEntry? ReadEntry()
    {
        while (true)
        {
            SkipWhile(char.IsWhiteSpace);
            SkipExport();
            if (_at >= _text.Length)
            {
                return null;
            }

            if (Current != '#')
            {
                return ReadPair();
            }

            SkipLine();
        }
    }

    private ModelfileEntry ReadPair()
    {
        int keyAt = _at;
        bool quotedKey = Current == '\'';
        string key = quotedKey ? ReadQuotedKey() : ReadBareKey();
        SkipBlanks();

        string? value = null;
        bool isTriple = false;
        int valueAt = _at, end = _at;
        if (!AtLineEnd && Current == '=')
        {
            _at++;
            bool spaced = SkipBlanks();
            valueAt = _at;
            isTriple = IsTripleQuote;
            value = ReadValue(spaced, out end);
        }
        else if (!AtLineEnd && Current != '#')
        {
            if (quotedKey || Current == ':' || !LooksLikeKey(key))
            {
                throw InvalidLine(keyAt, key);
            }

            isTriple = IsTripleQuote;
            value = ReadValue(afterBlank: false, out end);
        }

        ExpectLineEnd(valueAt);
        return new ModelfileEntry(key, value, keyAt, valueAt, end, Verbatim: isTriple);
    }

    private string ReadQuotedKey()
    {
        int close = _text.IndexOf('\'', _at + 1);
        if (close <= _at + 1)
        {
            throw _source.Error(_at, "the quote around the key is not closed");
        }

        string key = _text[(_at + 1)..close];
        _at = close + 1;
        return key;
    }

    private string ReadBareKey()
    {
        int start = _at;
        SkipWhile(c => c is not ('=' or '#') && !char.IsWhiteSpace(c));
        return _at > start ? _text[start.._at] : throw _source.Error(start, "a key is missing before '='");
    }

    /// <param name="end">The position after the value.</param>
    private string ReadValue(bool afterBlank, out int end)
    {
        int start = _at;
        bool isQuoted = Current is '\'' or '"';
        string value = AtLineEnd ? "" : Current switch
        {
            _ when IsTripleQuote => ReadTripleQuoted(Current),
            '\'' => ModelfileEscapes.Decode(ReadQuoted('\''), ModelfileEscapes.InSingleQuotes),
            '"' => ModelfileEscapes.Decode(ReadQuoted('"'), ModelfileEscapes.InDoubleQuotes),
            _ => ReadUnquoted(afterBlank),
        };
        end = isQuoted ? _at : start + value.Length;
        return value;
    }

    /// <summary>Reads the rest of the line, without trailing blanks and without a comment. A '#' begins a comment only after a blank.</summary>
    /// <param name="afterBlank">Whether a blank precedes the value. Then a '#' at the start of the value begins a comment.</param>
    private string ReadUnquoted(bool afterBlank)
    {
        int start = _at;
        SkipLine();
        int end = _at;
        for (int i = start; i < end; i++)
        {
            if (_text[i] == '#' && (i == start ? afterBlank : char.IsWhiteSpace(_text[i - 1])))
            {
                end = i;
            }
        }

        return _text[start..end].TrimEnd();
    }

    /// <summary>
    /// Returns the text between quotes, with its escapes unchanged. The value may have several lines. It ends at the next quote that has no backslash before
    /// it. If all later quotes have a backslash, the last one ends the value, as in python-dotenv: <c>'C:\'</c> is a complete value.
    /// </summary>
    private string ReadQuoted(char quote)
    {
        int open = _at;
        int lastEscaped = -1;
        for (int i = open + 1; i < _text.Length; i++)
        {
            if (_text[i] == '\\' && i + 1 < _text.Length && _text[i + 1] == quote)
            {
                lastEscaped = ++i;
            }
            else if (_text[i] == quote)
            {
                _at = i + 1;
                return _text[(open + 1)..i];
            }
        }

        if (lastEscaped < 0)
        {
            throw _source.Error(open, "this quote is not closed");
        }

        _at = lastEscaped + 1;
        return _text[(open + 1)..lastEscaped];
    }

    /// <summary>
    /// Returns the text between triple quotes, without a line break directly after the opening ones. Only triple double quotes have escapes. Up to two quotes
    /// before the closing ones belong to the text.
    /// </summary>
    private string ReadTripleQuoted(char quote)
    {
        int open = _at, start = _at + 3;
        bool hasEscapes = quote == '"';
        for (int i = start; i + 3 <= _text.Length; i++)
        {
            if (hasEscapes && _text[i] == '\\')
            {
                i++;
                continue;
            }

            if (_text[i] != quote || _text[i + 1] != quote || _text[i + 2] != quote)
                continue;
            int end = i;
            while (end < i + 2 && end + 3 < _text.Length && _text[end + 3] == quote)
                end++;
            _at = end + 3;
            int inner = start + (_text.AsSpan(start).StartsWith("\r\n") ? 2 : _text[start] is '\n' or '\r' ? 1 : 0);
            string text = _text[inner..end];
            return hasEscapes ? ModelfileEscapes.Decode(text, ModelfileEscapes.InDoubleQuotes) : text;
        }

        throw _source.Error(open, "these triple quotes are not closed");
    }

    private void ExpectLineEnd(int valueAt)
    {
        SkipBlanks();
        if (!AtLineEnd && Current == '#')
        {
            SkipLine();
        }

        if (AtLineEnd)
        {
            return;
        }

        // If the value has several lines, its closing quote is probably missing. So the error gets the position of the value's start.
        bool severalLines = _text.AsSpan(valueAt, _at - valueAt).ContainsAny('\r', '\n');
        throw severalLines
            ? _source.Error(valueAt, "the quoted value that starts here runs over several lines and text follows it; is its closing quote missing?")
            : _source.Error(_at, "text follows the closing quote");
    }

    /// <summary>Whether a key may be used without '='. It must be a known key or in capital letters, so that ordinary text is not read as a key.</summary>
    private static bool LooksLikeKey(string key) =>
        ModelfileKeys.FindAnyCase(key) is not null
        || (char.IsAsciiLetterUpper(key[0]) && key.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || c == '_'));

    private ModelfileException InvalidLine(int keyAt, string key)
    {
        int invalidAt = key.TakeWhile(c => char.IsAsciiLetterOrDigit(c) || c == '_').Count();
        int at = Current == ':' ? _at : invalidAt < key.Length ? keyAt + invalidAt : keyAt;
        return _source.Error(at, "this line is neither KEY=value nor KEY value");
    }

    private void SkipExport()
    {
        const string Export = "export";
        int after = _at + Export.Length;
        if (after < _text.Length && _text.AsSpan(_at).StartsWith(Export, StringComparison.Ordinal) && IsBlank(_text[after]))
        {
            _at = after;
            SkipBlanks();
        }
    }

    private bool SkipBlanks()
    {
        int start = _at;
        SkipWhile(IsBlank);
        return _at > start;
    }

    private void SkipLine() => SkipWhile(c => c is not ('\r' or '\n'));

    private void SkipWhile(Func<char, bool> matches)
    {
        while (_at < _text.Length && matches(_text[_at]))
        {
            _at++;
        }
    }

    private static bool IsBlank(char c) => c is not ('\r' or '\n') && char.IsWhiteSpace(c);
}
