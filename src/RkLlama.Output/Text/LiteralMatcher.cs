namespace RkLlama.Output.Text;

/// <summary>
/// Matches one of several fixed strings (literals), one character at a time. Two rules for the literals ensure that no match can start inside a failed
/// match: the first character of a literal does not occur again in the same literal (or it is its only character, such as in <c>&gt;&gt;&gt;</c>), and no
/// literal is the beginning of another one.
/// </summary>
internal sealed class LiteralMatcher(LiteralSet literals)
{
    private string _candidate = "";

    internal LiteralMatcher(params string[] literals)
        : this(new LiteralSet(literals))
    {
    }

    /// <summary>The number of characters that have been matched so far; 0 if no match has started.</summary>
    internal int Length { get; private set; }

    /// <summary>The characters that have been matched so far; empty if no match has started.</summary>
    internal string Partial => _candidate[..Length];

    /// <summary>The literal that has been matched completely; null if there is none.</summary>
    internal string? Match => Length > 0 && Length == _candidate.Length ? _candidate : null;

    /// <summary>Returns whether a literal starts with this character.</summary>
    internal bool CanStartWith(char c) => literals.CanStartWith(c);

    /// <returns>True if the characters so far, with this one, are the beginning of a literal. Otherwise false, and the state does not change.</returns>
    internal bool Feed(char c)
    {
        if (Length == 0 && !literals.CanStartWith(c))
            return false;
        foreach (string literal in literals.StartingWith(Length == 0 ? c : _candidate[0]))
        {
            if (literal.Length <= Length || literal[Length] != c || string.CompareOrdinal(literal, 0, _candidate, 0, Length) != 0)
                continue;
            _candidate = literal;
            Length++;
            return true;
        }

        return false;
    }

    internal void Reset() => Length = 0;
}
