namespace RkLlama.Output.Text;

/// <summary>
/// Recognises one of a few literals, character by character. The first character of a literal stands nowhere else in it and no literal
/// begins with another: a start that came to nothing holds no other start.
/// </summary>
internal sealed class TagReader(params string[] tags)
{
    private string _candidate = "";

    /// <summary>Characters of a literal read so far.</summary>
    internal int Length { get; private set; }

    internal string Text => _candidate[..Length];

    /// <summary>The literal that is complete; null while none is.</summary>
    internal string? Matched => Length > 0 && Length == _candidate.Length ? _candidate : null;

    /// <returns>False when the character continues no literal: nothing is taken.</returns>
    internal bool Take(char c)
    {
        foreach (string tag in tags)
        {
            if (tag.Length <= Length || tag[Length] != c || string.CompareOrdinal(tag, 0, _candidate, 0, Length) != 0)
                continue;
            _candidate = tag;
            Length++;
            return true;
        }

        return false;
    }

    internal void Reset() => Length = 0;
}
