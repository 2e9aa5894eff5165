namespace RkLlama.Prompts.Tokenizers.Patterns;

/// <summary>Reads <c>[…]</c> with negation, ranges, nested classes and <c>&amp;&amp;</c>.</summary>
internal readonly struct PatternClassParser(PatternParser parser)
{
    /// <summary>The part after the opening bracket, up to and including its <c>]</c>.</summary>
    public CharacterSet Parse() => Parse(0);

    private CharacterSet Parse(int depth)
    {
        if (depth > PatternLimits.MaxDepth)
            throw parser.Refuse("classes nested too deep");
        bool negated = parser.TryTake("^");
        if (parser.Peek(0) == ']')
            throw parser.Refuse("a class that starts with a bracket");
        CharacterSet? left = null;
        CharacterSet set = CharacterSet.Empty;
        while (!parser.TryTake("]"))
        {
            if (parser.TryTake("&&"))
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
        if (parser.TryTake("[:"))
            throw parser.Refuse("a POSIX bracket");
        if (parser.TryTake("["))
            return Parse(depth + 1);
        int first = parser.TakeCodePoint(out CharacterSet? shorthand);
        if (shorthand is not null)
            return shorthand;
        if (parser.Peek(0) != '-' || parser.Peek(1) is ']' or '[' or '\0')
            return parser.Folded(CharacterSet.Of(first));
        parser.TryTake("-");
        int last = parser.TakeCodePoint(out shorthand);
        if (shorthand is not null || last < first)
            throw parser.Refuse("an odd range");
        return parser.Folded(CharacterSet.Range(first, last));
    }
}
