using System.Globalization;
using System.Text;

namespace RkLlama.Output.Patterns;

/// <summary>A set of code points: ranges and Unicode categories. Immutable after the parser has built it.</summary>
internal sealed class CharacterSet
{
    internal const int MaxCodePoint = 0x10FFFF;

    // One bit for each Unicode category. Those of \w are the letters, non-spacing marks, decimal digits and connectors such as '_'.
    internal const uint AllCategories = (1u << 30) - 1;
    internal static readonly uint Letters = Mask(
        UnicodeCategory.UppercaseLetter, UnicodeCategory.LowercaseLetter, UnicodeCategory.TitlecaseLetter, UnicodeCategory.ModifierLetter, UnicodeCategory.OtherLetter);

    internal static readonly uint Digits = Mask(UnicodeCategory.DecimalDigitNumber);
    internal static readonly uint WordCharacters = Letters | Digits | Mask(UnicodeCategory.NonSpacingMark, UnicodeCategory.ConnectorPunctuation);

    private static readonly (int First, int Last)[] Spaces =
    [
        ('\t', '\r'), (' ', ' '), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000),
    ];

    private readonly List<(int First, int Last)> _ranges = [];
    private readonly bool _ignoresCase;
    private uint _categories;
    private bool _isNegated;
    private CharacterSet? _except;

    // The answers for the ASCII characters, one bit each. Filled by Close.
    private UInt128 _ascii;

    /// <param name="ignoresCase">Whether the set also has the upper and lower case of each of its characters.</param>
    internal CharacterSet(bool ignoresCase) => _ignoresCase = ignoresCase;

    internal static CharacterSet OfAnyCase(int codePoint)
    {
        CharacterSet set = new(ignoresCase: true);
        set.Add(codePoint, codePoint);
        return set.Close();
    }

    internal static CharacterSet AllBut(params ReadOnlySpan<int> codePoints)
    {
        CharacterSet set = new(ignoresCase: false);
        foreach (int codePoint in codePoints)
            set.Add(codePoint, codePoint);
        return set.Negate().Close();
    }

    internal static uint Mask(params ReadOnlySpan<UnicodeCategory> categories)
    {
        uint mask = 0;
        foreach (UnicodeCategory category in categories)
            mask |= 1u << (int)category;
        return mask;
    }

    internal static bool IsWordCharacter(int codePoint) => (WordCharacters >> (int)CharUnicodeInfo.GetUnicodeCategory(codePoint) & 1) != 0;

    internal void Add(int first, int last) => _ranges.Add((first, last));

    internal void AddCategories(uint mask) => _categories |= mask;

    internal void AddSpaces() => _ranges.AddRange(Spaces);

    internal void AddNonSpaces()
    {
        int next = 0;
        foreach ((int first, int last) in Spaces)
        {
            Add(next, first - 1);
            next = last + 1;
        }

        Add(next, MaxCodePoint);
    }

    internal CharacterSet Negate()
    {
        _isNegated = true;
        return this;
    }

    /// <summary>Removes the characters of another set.</summary>
    internal void Except(CharacterSet other) => _except = other;

    /// <summary>Ends the construction.</summary>
    internal CharacterSet Close()
    {
        for (int i = 0; i < 128; i++)
            _ascii |= Finds(i) ? UInt128.One << i : UInt128.Zero;
        return this;
    }

    internal bool Contains(int codePoint) => codePoint < 128 ? (_ascii >> codePoint & UInt128.One) != UInt128.Zero : Finds(codePoint);

    private bool Finds(int codePoint) => (FindsAnyCase(codePoint) != _isNegated) && _except?.Contains(codePoint) != true;

    private bool FindsAnyCase(int codePoint)
    {
        if (FindsExact(codePoint))
            return true;
        if (!_ignoresCase || !Rune.TryCreate(codePoint, out Rune rune))
            return false;
        return FindsExact(Rune.ToLowerInvariant(rune).Value) || FindsExact(Rune.ToUpperInvariant(rune).Value);
    }

    private bool FindsExact(int codePoint)
    {
        foreach ((int first, int last) in _ranges)
        {
            if (codePoint >= first && codePoint <= last)
                return true;
        }

        return _categories != 0 && (_categories >> (int)CharUnicodeInfo.GetUnicodeCategory(codePoint) & 1) != 0;
    }
}
