namespace RkLlama.Output.Patterns;

/// <summary>Reads what follows a backslash, in a character class or outside.</summary>
internal static class EscapeReader
{
    /// <summary>Reads an escape that stands for many characters, such as <c>\d</c>, and adds them to the set.</summary>
    /// <returns>Whether the next escape is one of them. Otherwise nothing is read.</returns>
    internal static bool TryAddSet(PatternReader reader, CharacterSet set)
    {
        char name = reader.IsAtEnd ? throw PatternException.Invalid() : reader.Next;
        switch (name)
        {
            case 'd' or 'D':
                AddCategories(set, CharacterSet.Digits, isNegated: name == 'D');
                break;
            case 'w' or 'W':
                AddCategories(set, CharacterSet.WordCharacters, isNegated: name == 'W');
                break;
            case 's':
                set.AddSpaces();
                break;
            case 'S':
                set.AddNonSpaces();
                break;
            case 'p' or 'P':
                reader.Read();
                if (!reader.Take('{'))
                    throw PatternException.Invalid();
                AddCategories(set, UnicodeCategories.Find(reader.SkipTo('}')) ?? throw PatternException.Invalid(), isNegated: name == 'P');
                return true;
            default:
                return false;
        }

        reader.Read();
        return true;
    }

    /// <summary>Reads an escape that stands for one character.</summary>
    /// <exception cref="PatternException">There is no such escape.</exception>
    internal static int CodePoint(PatternReader reader)
    {
        char name = reader.Read();
        switch (name)
        {
            case 't':
                return '\t';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 'f':
                return '\f';
            case 'v':
                return '\v';
            case 'a':
                return '\a';
            case 'e':
                return '\e';
            case '0':
                return '\0';
            case 'c':
                char control = reader.Read();
                return char.IsAsciiLetter(control) ? control & 0x1F : throw PatternException.Invalid();
            case 'x':
                return reader.Hexadecimal(2);
            case 'u' when reader.Take('{'):
                return InBraces(reader);
            case 'u':
                return Unit(reader);
            case '_':
                return '_';
            default:
                return char.IsLetterOrDigit(name) ? throw PatternException.Invalid() : reader.CodePointFrom(name);
        }
    }

    /// <summary>Reads four digits. Two halves of a surrogate pair are one character.</summary>
    private static int Unit(PatternReader reader)
    {
        int unit = reader.Hexadecimal(4);
        if (!char.IsHighSurrogate((char)unit) || !reader.IsNext("\\uD") && !reader.IsNext("\\ud"))
            return unit;
        reader.Read();
        reader.Read();
        int low = reader.Hexadecimal(4);
        return char.IsLowSurrogate((char)low) ? char.ConvertToUtf32((char)unit, (char)low) : throw PatternException.Invalid();
    }

    private static int InBraces(PatternReader reader)
    {
        int value = 0;
        foreach (char digit in reader.SkipTo('}'))
        {
            value = (value << 4) | PatternReader.DigitOf(digit);
            if (value > CharacterSet.MaxCodePoint)
                throw PatternException.Invalid();
        }

        return value;
    }

    private static void AddCategories(CharacterSet set, uint mask, bool isNegated) => set.AddCategories(isNegated ? CharacterSet.AllCategories & ~mask : mask);
}
