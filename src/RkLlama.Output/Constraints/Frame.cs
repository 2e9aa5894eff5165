namespace RkLlama.Output.Constraints;

/// <summary>
/// A place in a document: what may come next, and in which objects and arrays the place is. Immutable. Places share the objects and arrays around them.
/// </summary>
/// <param name="parent">The place after the present value; <see langword="null"/> at the end of the document.</param>
internal abstract class Frame(Frame? parent)
{
    // White space in a row, besides the indentation. More than this is a loop of the model.
    private const int MaxSpace = 64;
    private const int IndentPerLevel = 8;

    internal Frame? Parent => parent;

    /// <summary>The number of objects and arrays around the place.</summary>
    internal int Depth { get; } = parent is null ? 0 : parent.Depth + (parent is ObjectFrame or ArrayFrame ? 1 : 0);

    /// <summary>Whether the document may end here.</summary>
    internal virtual bool CanEnd => false;

    /// <summary>
    /// Whether the text since the last place without this property may still turn out to be wrong, although each character was right: an unknown name, a comma
    /// at the end of a list, a number outside of its bounds.
    /// </summary>
    internal virtual bool IsTentative => false;

    /// <summary>Texts that may come next if the model offers nothing useful, the best first.</summary>
    internal virtual IEnumerable<string> Openings => [];

    /// <summary>The known values that may come next.</summary>
    internal virtual IEnumerable<string> Literals => [];

    /// <summary>Adds the places after a character. None if the character is not allowed here.</summary>
    internal abstract void Step(char c, List<Frame> next);

    /// <summary>Returns the place in an escape sequence of a string after a character.</summary>
    /// <param name="escape">The place before it: 0 in plain text, 1 after a backslash, 2 to 5 before a hexadecimal digit.</param>
    /// <returns><see langword="null"/> if the character is not allowed.</returns>
    protected static int? EscapeAfter(int escape, char c) => (escape, c) switch
    {
        (0, '\\') => 1,
        (0, _) => 0,
        (1, 'u') => 2,
        (1, '"' or '\\' or '/' or 'b' or 'f' or 'n' or 'r' or 't') => 0,
        (> 1, _) when char.IsAsciiHexDigit(c) => (escape + 1) % 6,
        _ => null,
    };

    protected bool AllowsSpace(char c, int before) => c is ' ' or '\n' or '\r' or '\t' && before < MaxSpace + (Depth * IndentPerLevel);
}

/// <summary>The end of the document.</summary>
internal sealed class EndFrame(int space = 0) : Frame(null)
{
    internal override bool CanEnd => true;

    internal override void Step(char c, List<Frame> next)
    {
        if (AllowsSpace(c, space))
            next.Add(new EndFrame(space + 1));
    }
}

/// <summary>The place before a value.</summary>
internal sealed class ValueFrame(ValueNode node, Frame parent, int space = 0) : Frame(parent)
{
    internal ValueNode Node => node;

    internal override IEnumerable<string> Openings => OpeningsOf(node);

    internal override IEnumerable<string> Literals => LiteralsOf(node);

    internal override void Step(char c, List<Frame> next)
    {
        if (AllowsSpace(c, space))
            next.Add(new ValueFrame(node, Parent!, space + 1));
        else
            Start(node, Parent!, c, next);
    }

    /// <summary>Adds the places after the first character of a value.</summary>
    /// <param name="parent">The place after the value.</param>
    internal static void Start(ValueNode node, Frame parent, char c, List<Frame> next)
    {
        switch (node)
        {
            case UnionNode union:
                foreach (ValueNode alternative in union.Alternatives)
                    Start(alternative, parent, c, next);
                break;
            case ObjectNode shape when c == '{' && parent.Depth < ConstraintState.MaxDepth:
                next.Add(new ObjectFrame(shape, parent));
                break;
            case ArrayNode list when c == '[' && parent.Depth < ConstraintState.MaxDepth:
                next.Add(new ArrayFrame(list, parent));
                break;
            case StringNode text when c == '"':
                next.Add(new StringFrame(text, parent));
                break;
            case NumberNode number:
                new NumberFrame(number, parent).Step(c, next);
                break;
            case LiteralNode literal:
                new LiteralFrame(literal.Texts, 0, parent).Step(c, next);
                break;
        }
    }

    internal static IEnumerable<string> OpeningsOf(ValueNode node) => node switch
    {
        UnionNode union => union.Alternatives.SelectMany(OpeningsOf),
        ObjectNode => ["{"],
        ArrayNode => ["["],
        StringNode => ["\""],
        NumberNode number => [NumberFrame.Nearest(number, 0)],
        LiteralNode literal => literal.Texts,
        _ => [],
    };

    internal static IEnumerable<string> LiteralsOf(ValueNode node) => node switch
    {
        UnionNode union => union.Alternatives.SelectMany(LiteralsOf),
        LiteralNode literal => literal.Texts,
        _ => [],
    };
}
