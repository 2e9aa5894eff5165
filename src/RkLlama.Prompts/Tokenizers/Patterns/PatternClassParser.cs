namespace RkLlama.Prompts.Tokenizers.Patterns;

/// <summary>
/// Parses character classes of regular expressions: <c>[…]</c> with negation, ranges, nested classes and intersections (<c>&amp;&amp;</c>).
/// </summary>
internal readonly struct PatternClassParser(PatternParser parser)
{
    /// <summary>Parses a character class whose opening bracket has been read, up to and including the closing bracket.</summary>
    public CharacterSet Parse() => Parse(0);

    private CharacterSet Parse(int depth)
    {
        if (depth > PatternLimits.MaxDepth)
            throw parser.Unsupported("classes nested too deeply");
        bool negated = parser.TryRead("^");
        if (parser.Peek(0) == ']')
            throw parser.Unsupported("a class that starts with a bracket");
        CharacterSet? left = null;
        CharacterSet set = CharacterSet.Empty;
        while (!parser.TryRead("]"))
        {
            if (parser.TryRead("&&"))
            {
                left = left is null ? set : left.Intersect(set);
                set = CharacterSet.Empty;
            }
            else
            {
                set = set.Union(ParseItem(depth));
            }
        }
        if (left is not null)
            set = left.Intersect(set);
        return negated ? set.Complement() : set;
    }

    private CharacterSet ParseItem(int depth)
    {
        if (parser.TryRead("[:"))
            throw parser.Unsupported("a POSIX bracket");
        if (parser.TryRead("["))
            return Parse(depth + 1);
        int first = parser.ReadCodePoint(out CharacterSet? shorthand);
        if (shorthand is not null)
            return shorthand;
        if (parser.Peek(0) != '-' || parser.Peek(1) is ']' or '[' or '\0')
            return parser.FoldCase(CharacterSet.Of(first));
        parser.TryRead("-");
        int last = parser.ReadCodePoint(out shorthand);
        if (shorthand is not null || last < first)
            throw parser.Unsupported("an invalid range");
        return parser.FoldCase(CharacterSet.Range(first, last));
    }
}
