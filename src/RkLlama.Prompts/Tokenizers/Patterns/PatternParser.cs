using System.Globalization;
using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers.Patterns;

/// <summary>
/// Parses the regular expressions of tokenizer files. They have the syntax of Ruby, which is the default of the library Oniguruma: <c>^</c> and <c>$</c> match
/// at the start and end of each line, character classes can be nested and intersected, and <c>{n,m}+</c> repeats a repetition. Throws
/// <see cref="TokenizerException"/> for a construct that is not supported exactly.
/// </summary>
internal sealed class PatternParser
{
    private readonly string _pattern;
    private int _position;
    private int _depth;
    private bool _ignoreCase;

    private PatternParser(string pattern) => _pattern = pattern;

    private bool AtEnd => _position == _pattern.Length;

    public static PatternNode Parse(string pattern)
    {
        if (CodePoints.IndexOfLoneSurrogate(pattern) >= 0)
            throw TokenizerException.Unsupported("a pattern with a lone surrogate");
        if (pattern.Length > PatternLimits.MaxLength)
            throw TokenizerException.Unsupported($"a pattern of more than {PatternLimits.MaxLength} characters");
        var parser = new PatternParser(pattern);
        PatternNode node = parser.ParseAlternation();
        return parser.AtEnd ? node : throw parser.Unsupported("an unmatched ')'");
    }

    private PatternNode ParseAlternation()
    {
        if (++_depth > PatternLimits.MaxDepth)
            throw Unsupported("groups nested too deeply");
        var branches = new List<PatternNode> { ParseSequence() };
        while (TryRead("|"))
            branches.Add(ParseSequence());
        _depth--;
        return branches.Count == 1 ? branches[0] : new PatternNode.Alternation(branches);
    }

    private PatternNode ParseSequence()
    {
        var parts = new List<PatternNode>();
        if (_position == 0 && TryRead("(?i)"))
            _ignoreCase = true;
        while (!AtEnd && _pattern[_position] is not ('|' or ')'))
            parts.Add(ParseQuantifier(ParseAtom()));
        return parts.Count == 1 ? parts[0] : new PatternNode.Sequence(parts);
    }

    private PatternNode ParseAtom()
    {
        if (TryRead("("))
            return ParseGroup();
        if (TryRead("["))
            return new PatternNode.Set(new PatternClassParser(this).Parse());
        if (TryRead("."))
            return new PatternNode.Set(CharacterSet.Of('\n').Complement());
        if (TryRead("^"))
            return new PatternNode.At(Anchor.LineStart);
        if (TryRead("$"))
            return new PatternNode.At(Anchor.LineEnd);
        if (TryRead("\\A"))
            return new PatternNode.At(Anchor.TextStart);
        if (TryRead("\\z"))
            return new PatternNode.At(Anchor.TextEnd);
        if (_pattern[_position] is '*' or '+' or '?' or '{' or '}')
            throw Unsupported("a bare quantifier or brace");
        int codePoint = ReadCodePoint(out CharacterSet? shorthand);
        return new PatternNode.Set(shorthand ?? FoldCase(CharacterSet.Of(codePoint)));
    }

    /// <summary>
    /// Parses a group whose <c>(</c> has been read. A capturing group is parsed like any other group, because back references are not supported.
    /// </summary>
    private PatternNode ParseGroup()
    {
        bool outerCase = _ignoreCase;
        Func<PatternNode, PatternNode> wrap = node => node;
        if (TryRead("?="))
            wrap = node => new PatternNode.LookAhead(node, Negative: false);
        else if (TryRead("?!"))
            wrap = node => new PatternNode.LookAhead(node, Negative: true);
        else if (TryRead("?>"))
            wrap = node => new PatternNode.Atomic(node);
        else if (TryRead("?i:"))
            _ignoreCase = true;
        else if (!TryRead("?:") && !AtEnd && _pattern[_position] == '?')
            throw Unsupported("a group of an unknown kind");
        PatternNode body = ParseAlternation();
        if (!TryRead(")"))
            throw Unsupported("an unclosed group");
        _ignoreCase = outerCase;
        return wrap(body);
    }

    private PatternNode ParseQuantifier(PatternNode atom)
    {
        if (AtEnd || _pattern[_position] is not ('*' or '+' or '?' or '{'))
            return atom;
        char sign = _pattern[_position++];
        (int min, int max) = sign switch
        {
            '*' => (0, PatternNode.Repeat.Unbounded),
            '+' => (1, PatternNode.Repeat.Unbounded),
            '?' => (0, 1),
            _ => ParseCounts(),
        };
        PatternNode repeat = new PatternNode.Repeat(atom, min, max, RepeatMode.Greedy);
        if (TryRead("+"))
        {
            // In Ruby's syntax, a plus after a count does not mean possessive: it repeats the counted part.
            repeat = sign == '{'
                ? new PatternNode.Repeat(repeat, 1, PatternNode.Repeat.Unbounded, RepeatMode.Greedy)
                : new PatternNode.Repeat(atom, min, max, RepeatMode.Possessive);
        }
        else if (TryRead("?"))
        {
            repeat = min == max
                ? throw Unsupported("a lazy fixed count")
                : new PatternNode.Repeat(atom, min, max, RepeatMode.Lazy);
        }
        return AtEnd || _pattern[_position] is not ('*' or '+' or '?' or '{') ? repeat : throw Unsupported("a quantifier on a quantifier");
    }

    /// <summary>Parses the count of a repetition whose <c>{</c> has been read: <c>n}</c>, <c>n,}</c>, <c>,m}</c> or <c>n,m}</c>.</summary>
    private (int Min, int Max) ParseCounts()
    {
        int close = _pattern.IndexOf('}', _position);
        if (close < 0)
            throw Unsupported("an unclosed count");
        string[] counts = _pattern[_position..close].Split(',');
        _position = close + 1;
        int min = counts.Length == 2 && counts[0].Length == 0 ? 0 : ParseCount(counts[0]);
        int max = counts.Length == 1 ? min : counts[1].Length == 0 ? PatternNode.Repeat.Unbounded : ParseCount(counts[1]);
        return counts.Length <= 2 && min <= max && max > 0 ? (min, max) : throw Unsupported("an invalid count");
    }

    private int ParseCount(string digits) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count <= PatternLimits.MaxRepeat
            ? count
            : throw Unsupported("an invalid count");

    /// <summary>
    /// Reads one code point, an escape sequence for a code point, or an escape sequence for a set such as <c>\s</c>. Returns the code point; 0 for a set.
    /// </summary>
    /// <param name="shorthand">The set; null for a code point.</param>
    internal int ReadCodePoint(out CharacterSet? shorthand)
    {
        shorthand = null;
        int codePoint = ReadRawCodePoint();
        if (codePoint != '\\')
            return codePoint;
        codePoint = ReadRawCodePoint();
        shorthand = codePoint switch
        {
            's' => CharacterSet.WhiteSpace,
            'S' => CharacterSet.WhiteSpace.Complement(),
            'd' => CharacterSet.OfCategories([UnicodeCategory.DecimalDigitNumber]),
            'D' => CharacterSet.OfCategories([UnicodeCategory.DecimalDigitNumber]).Complement(),
            'p' => ParseProperty(negated: false),
            'P' => ParseProperty(negated: true),
            _ => null,
        };
        return codePoint switch
        {
            _ when shorthand is not null => 0,
            'r' => '\r',
            'n' => '\n',
            't' => '\t',
            'f' => '\f',
            'v' => '\v',
            'u' => ParseHex(4),
            'x' when TryRead("{") => ParseHex(-1),
            'x' => ParseHex(2),
            < 128 when char.IsAsciiLetterOrDigit((char)codePoint) => throw Unsupported($"the escape \\{(char)codePoint}"),
            _ => codePoint,
        };
    }

    private CharacterSet ParseProperty(bool negated)
    {
        int close = _pattern.IndexOf('}', _position);
        if (!TryRead("{") || close < 0)
            throw Unsupported("a property without braces");
        if (TryRead("^"))
            negated = !negated;
        string name = _pattern[_position..close];
        _position = close + 1;
        if (_ignoreCase && name is "Lu" or "Ll" or "Lt")
            throw Unsupported("a case property that ignores case");
        CharacterSet set = CategoryNames.Find(name) ?? throw Unsupported($"the property \\p{{{name}}}");
        return negated ? set.Complement() : set;
    }

    /// <summary>Parses a hexadecimal number.</summary>
    /// <param name="digits">The number of digits; -1 if the number ends at a closing brace.</param>
    private int ParseHex(int digits)
    {
        int end = digits < 0 ? _pattern.IndexOf('}', _position) : Math.Min(_position + digits, _pattern.Length);
        bool read = int.TryParse(
            _pattern.AsSpan(_position, Math.Max(end - _position, 0)), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value);
        // In Oniguruma, a two-digit escape above 7F is a byte of UTF-8, not a character.
        if (!read || value > 0x10FFFF || (digits == 2 && value > 0x7F))
            throw Unsupported("an invalid hexadecimal escape");
        _position = digits < 0 ? end + 1 : end;
        return value;
    }

    internal CharacterSet FoldCase(CharacterSet set)
    {
        if (!_ignoreCase)
            return set;
        return set.ToCaseInsensitive() ?? throw Unsupported("a non-ASCII character that ignores case");
    }

    internal char Peek(int offset) => _position + offset < _pattern.Length ? _pattern[_position + offset] : '\0';

    internal bool TryRead(string text)
    {
        if (string.CompareOrdinal(_pattern, _position, text, 0, text.Length) != 0)
            return false;
        _position += text.Length;
        return true;
    }

    internal TokenizerException Unsupported(string what) => TokenizerException.Unsupported($"the pattern {_pattern} (at {_position}: {what})");

    private int ReadRawCodePoint()
    {
        if (AtEnd)
            throw Unsupported("an unexpected end");
        int codePoint = CodePoints.At(_pattern, _position, out int length);
        _position += length;
        return codePoint;
    }
}
