namespace RkLlama.Output.Text;

/// <summary>
/// Matches one of several literals, one character at a time. The first character of a literal must not occur again in it, and no literal may
/// begin with another one. These rules ensure that no match can start inside a failed match.
/// </summary>
internal sealed class LiteralMatcher(params string[] literals)
{
    private string _candidate = "";

    /// <summary>The number of characters matched so far.</summary>
    internal int Length { get; private set; }

    /// <summary>The characters matched so far.</summary>
    internal string Partial => _candidate[..Length];

    /// <summary>The literal that is complete; null while none is.</summary>
    internal string? Match => Length > 0 && Length == _candidate.Length ? _candidate : null;

    /// <returns>False if the character continues no literal. In this case the state does not change.</returns>
    internal bool Feed(char c)
    {
        foreach (string literal in literals)
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
