using System.Globalization;

namespace RkLlama.Output.Patterns;

/// <summary>
/// Reads regular expressions: the syntax of ECMAScript, and what the expressions of .NET and Python have besides and can be matched without backtracking. The
/// depth of its recursion is the depth of the groups, so the caller limits their number. Used for one pattern.
/// </summary>
internal sealed class PatternParser
{
    private static readonly CharacterSet AnyCharacter = CharacterSet.AllBut();
    private static readonly CharacterSet AnyButNewline = CharacterSet.AllBut('\n');

    private readonly PatternReader _reader;
    private PatternFlags _flags;

    private PatternParser(string text) => _reader = new(text);

    /// <exception cref="PatternException">The text is no regular expression, or has parts that are not supported.</exception>
    internal static PatternNode Parse(string text)
    {
        PatternParser parser = new(text);
        PatternNode node = parser.Alternatives();
        return parser._reader.IsAtEnd ? node : throw PatternException.Invalid();
    }

    /// <summary>Reads up to the end of the group. Flags that are set in a group end with it.</summary>
    private PatternNode Alternatives()
    {
        PatternFlags flags = _flags;
        List<PatternNode> alternatives = [Sequence()];
        while (_reader.Take('|'))
            alternatives.Add(Sequence());
        _flags = flags;
        return alternatives is [var only] ? only : new ChoiceNode(alternatives);
    }

    private SequenceNode Sequence()
    {
        List<PatternNode> parts = [];
        while (!_reader.IsAtEnd && _reader.Next is not ('|' or ')'))
        {
            if (Part() is { } part)
                parts.Add(Repeated(part));
        }

        return new(parts);
    }

    /// <summary>Reads a part without what repeats it; null for a comment or for flags.</summary>
    private PatternNode? Part()
    {
        char first = _reader.Read();
        switch (first)
        {
            case '(':
                return Group();
            case '[':
                return new CharacterNode(new CharacterClassReader(_reader, _flags.HasFlag(PatternFlags.IgnoreCase)).Read());
            case '.':
                return new CharacterNode(_flags.HasFlag(PatternFlags.DotMatchesAll) ? AnyCharacter : AnyButNewline);
            case '^':
                return new AssertionNode(_flags.HasFlag(PatternFlags.Lines) ? PatternAssertion.StartOfLine : PatternAssertion.StartOfText);
            case '$':
                return new AssertionNode(_flags.HasFlag(PatternFlags.Lines) ? PatternAssertion.EndOfLine : PatternAssertion.EndOfText);
            case '*' or '+' or '?':
                throw PatternException.Invalid();
            case '\\':
                return Escape();
            default:
                return Literal(_reader.CodePointFrom(first));
        }
    }

    private PatternNode Literal(int codePoint) =>
        _flags.HasFlag(PatternFlags.IgnoreCase) ? new CharacterNode(CharacterSet.OfAnyCase(codePoint)) : new LiteralNode(codePoint);

    private PatternNode Escape()
    {
        switch (_reader.IsAtEnd ? '\0' : _reader.Next)
        {
            case 'b':
                return Assertion(PatternAssertion.WordBoundary);
            case 'B':
                return Assertion(PatternAssertion.NoWordBoundary);
            case 'A':
                return Assertion(PatternAssertion.StartOfText);
            case 'z':
                return Assertion(PatternAssertion.EndOfText);
            case 'Z':
                return Assertion(PatternAssertion.EndOfTextOrLastLine);
            case >= '1' and <= '9' or 'k' or 'G':
                throw PatternException.Unsupported();
        }

        CharacterSet set = new(_flags.HasFlag(PatternFlags.IgnoreCase));
        return EscapeReader.TryAddSet(_reader, set) ? new CharacterNode(set.Close()) : Literal(EscapeReader.CodePoint(_reader));
    }

    private AssertionNode Assertion(PatternAssertion assertion)
    {
        _reader.Read();
        return new(assertion);
    }

    private PatternNode? Group()
    {
        if (!_reader.Take('?'))
            return Closed(Alternatives());

        switch (_reader.Read())
        {
            case ':':
                return Closed(Alternatives());
            case '#':
                _reader.SkipTo(')');
                return null;
            case '<' when !_reader.IsAtEnd && _reader.Next is not ('=' or '!'):
                _reader.SkipTo('>');
                return Closed(Alternatives());
            case 'P' when _reader.Take('<'):
                _reader.SkipTo('>');
                return Closed(Alternatives());
            case '\'':
                _reader.SkipTo('\'');
                return Closed(Alternatives());
            case '=' or '!' or '<' or '>' or '(' or 'P':
                throw PatternException.Unsupported();
            case var flag:
                return Flags(flag);
        }
    }

    /// <summary>Reads flags, such as <c>(?i)</c> for the rest of the group or <c>(?i:…)</c> for a group.</summary>
    private PatternNode? Flags(char first)
    {
        PatternFlags before = _flags;
        bool isOff = false;
        for (char flag = first; ; flag = _reader.Read())
        {
            switch (flag)
            {
                case '-':
                    isOff = true;
                    continue;
                case ')':
                    return null;
                case ':':
                    PatternNode node = Closed(Alternatives());
                    _flags = before;
                    return node;
            }

            PatternFlags named = flag switch
            {
                'i' => PatternFlags.IgnoreCase,
                's' => PatternFlags.DotMatchesAll,
                'm' => PatternFlags.Lines,
                'n' or 'u' => PatternFlags.None,
                _ => throw PatternException.Invalid(),
            };
            _flags = isOff ? _flags & ~named : _flags | named;
        }
    }

    private PatternNode Closed(PatternNode node) => _reader.Take(')') ? node : throw PatternException.Invalid();

    /// <summary>Reads how often a part is repeated. Whether few or many repetitions are preferred does not change whether a text matches.</summary>
    private PatternNode Repeated(PatternNode part)
    {
        if (Quantifier() is not var (min, max))
            return part;
        _reader.Take('?');
        if (Quantifier() is not null || max < min)
            throw PatternException.Invalid();
        return new RepeatNode(part, min, max);
    }

    private (int Min, int? Max)? Quantifier()
    {
        if (_reader.Take('*'))
            return (0, null);
        if (_reader.Take('+'))
            return (1, null);
        if (_reader.Take('?'))
            return (0, 1);
        if (_reader.TakeBounds() is not { } bounds)
            return null;

        string[] parts = bounds.Split(',');
        int min = Number(parts[0]);
        return (min, parts.Length == 1 ? min : parts[1].Length == 0 ? null : Number(parts[1]));
    }

    // A number with more digits is larger than any pattern.
    private static int Number(string digits) => digits.Length > 9 ? int.MaxValue : int.Parse(digits, CultureInfo.InvariantCulture);

    [Flags]
    private enum PatternFlags
    {
        None = 0,
        IgnoreCase = 1,
        DotMatchesAll = 2,

        /// <summary><c>^</c> and <c>$</c> match at the start and the end of each line.</summary>
        Lines = 4,
    }
}
