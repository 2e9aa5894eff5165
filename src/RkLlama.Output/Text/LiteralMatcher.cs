namespace RkLlama.Output.Text;

/// <summary>
/// Matches one of several fixed strings (literals), one character at a time. Two rules for the literals ensure that no match can start inside a failed
/// match: the first character of a literal does not occur again in the same literal (or it is its only character, such as in <c>&gt;&gt;&gt;</c>), and no
/// literal is the beginning of another one.
/// </summary>
internal sealed class LiteralMatcher(LiteralSet literals)
{
    // The literals that begin with the characters so far.
    private (int Start, int End) _range = literals.All;

    internal LiteralMatcher(params string[] literals)
        : this(new LiteralSet(literals))
    {
    }

    /// <summary>The number of characters that have been matched so far; 0 if no match has started.</summary>
    internal int Length { get; private set; }

    /// <summary>The characters that have been matched so far; empty if no match has started.</summary>
    internal string Partial => Length == 0 ? "" : literals[_range.Start][..Length];

    /// <summary>The literal that has been matched completely; null if there is none.</summary>
    internal string? Match => Length > 0 && literals[_range.Start] is var literal && literal.Length == Length ? literal : null;

    /// <summary>Returns whether a literal starts with this character.</summary>
    internal bool CanStartWith(char c) => literals.CanStartWith(c);

    /// <returns>True if the characters so far, with this one, are the beginning of a literal. Otherwise false, and the state does not change.</returns>
    internal bool Feed(char c)
    {
        if (Length == 0 && !literals.CanStartWith(c))
            return false;
        (int Start, int End) next = literals.Narrow(_range, Length, c);
        if (next.Start == next.End)
            return false;
        _range = next;
        Length++;
        return true;
    }

    internal void Reset() => (Length, _range) = (0, literals.All);
}
