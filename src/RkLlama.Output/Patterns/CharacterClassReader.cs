namespace RkLlama.Output.Patterns;

/// <summary>Reads a character class, from behind its opening bracket.</summary>
internal sealed class CharacterClassReader(PatternReader reader, bool ignoresCase)
{
    private readonly CharacterSet _set = new(ignoresCase);

    /// <exception cref="PatternException">The class is not valid.</exception>
    internal CharacterSet Read()
    {
        if (reader.Take('^'))
            _set.Negate();
        for (bool isFirst = true; ; isFirst = false)
        {
            // A bracket at the start is a character of the class, as in Python and .NET.
            char next = reader.Read();
            if (next == ']' && !isFirst)
                return _set.Close();
            if (next == '-' && !isFirst && reader.Take('['))
            {
                // A subtraction of .NET is at the end of the class.
                _set.Except(new CharacterClassReader(reader, ignoresCase).Read());
                return reader.Take(']') ? _set.Close() : throw PatternException.Invalid();
            }

            if (Character(next) is { } first)
                AddFrom(first);
        }
    }

    /// <summary>Adds a character, or a range that starts with it.</summary>
    private void AddFrom(int first)
    {
        if (!reader.IsNext("-") || reader.IsNext("-]") || reader.IsNext("-["))
        {
            _set.Add(first, first);
            return;
        }

        reader.Read();
        if (Character(reader.Read()) is { } last)
        {
            if (last < first)
                throw PatternException.Invalid();
            _set.Add(first, last);
            return;
        }

        // The end of the range was a set, such as \w. Then the hyphen is a character.
        _set.Add(first, first);
        _set.Add('-', '-');
    }

    /// <summary>Returns the code point that starts with a character that was read; null if it was an escape for a set, which is then added.</summary>
    private int? Character(char first)
    {
        if (first != '\\')
            return reader.CodePointFrom(first);
        if (EscapeReader.TryAddSet(reader, _set))
            return null;
        return reader.Take('b') ? '\b' : EscapeReader.CodePoint(reader);
    }
}
