using System.Globalization;

namespace RkLlama.Prompts.Tokenizers.Patterns;

/// <summary>
/// An immutable set of Unicode code points. Stored as sorted ranges that do not overlap, and, for fast lookup, as a bitmap of U+0000 to U+FFFF.
/// </summary>
internal sealed class CharacterSet
{
    private const int MaxCodePoint = 0x10FFFF;

    private static readonly Lazy<List<(int First, int Last)>[]> Categories = new(ReadCategories);

    private readonly (int First, int Last)[] _ranges;

    // The bitmap is created on first use, because most sets are intermediate results. If two threads create it at the same time, the results are equal.
    private ulong[]? _basicPlane;

    private CharacterSet(IEnumerable<(int First, int Last)> ranges) => _ranges = Normalize(ranges);

    public static CharacterSet Empty { get; } = new([]);

    public static CharacterSet WhiteSpace { get; } = Range('\t', '\r')
        .Union(Of(0x20, 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)).Union(Range(0x2000, 0x200A));

    public static CharacterSet Range(int first, int last) => new([(first, last)]);

    public static CharacterSet Of(params int[] codePoints) => new(codePoints.Select(c => (c, c)));

    /// <summary>Returns the code points of the given general categories.</summary>
    public static CharacterSet OfCategories(IEnumerable<UnicodeCategory> categories) =>
        new(categories.SelectMany(category => Categories.Value[(int)category]));

    public bool Contains(int codePoint)
    {
        if (codePoint >= 0x10000)
            return ContainsSupplementary(codePoint);
        ulong[] basicPlane = _basicPlane ??= CreateBasicPlane();
        return (basicPlane[codePoint >> 6] >> (codePoint & 63) & 1) != 0;
    }

    public CharacterSet Union(CharacterSet other) => new(_ranges.Concat(other._ranges));

    public CharacterSet Complement()
    {
        var gaps = new List<(int, int)>();
        int next = 0;
        foreach ((int first, int last) in _ranges)
        {
            if (first > next)
                gaps.Add((next, first - 1));
            next = last + 1;
        }
        if (next <= MaxCodePoint)
            gaps.Add((next, MaxCodePoint));
        return new CharacterSet(gaps);
    }

    public CharacterSet Intersect(CharacterSet other) => Complement().Union(other.Complement()).Complement();

    /// <summary>
    /// Returns the set with the upper case and the lower case of every letter in it; null if the set contains a code point that is not ASCII. For the letter s,
    /// also adds the long s (U+017F); for k, the Kelvin sign (U+212A). No other code point beyond ASCII is a case variant of an ASCII letter.
    /// </summary>
    public CharacterSet? ToCaseInsensitive()
    {
        if (_ranges.Length > 0 && _ranges[^1].Last >= 128)
            return null;
        var codePoints = new List<int>();
        for (int c = 'a'; c <= 'z'; c++)
        {
            if (!Contains(c) && !Contains(c - 32))
                continue;
            codePoints.AddRange([c, c - 32]);
            if (c is 's')
                codePoints.Add(0x17F);
            if (c is 'k')
                codePoints.Add(0x212A);
        }
        return Union(Of([.. codePoints]));
    }

    private ulong[] CreateBasicPlane()
    {
        var bits = new ulong[0x10000 / 64];
        foreach ((int first, int last) in _ranges)
        {
            for (int codePoint = first; codePoint <= Math.Min(last, 0xFFFF); codePoint++)
                bits[codePoint >> 6] |= 1UL << (codePoint & 63);
        }
        return bits;
    }

    private bool ContainsSupplementary(int codePoint)
    {
        int low = 0;
        int high = _ranges.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            if (_ranges[middle].Last < codePoint)
                low = middle + 1;
            else if (_ranges[middle].First > codePoint)
                high = middle - 1;
            else
                return true;
        }
        return false;
    }

    private static (int First, int Last)[] Normalize(IEnumerable<(int First, int Last)> ranges)
    {
        var merged = new List<(int First, int Last)>();
        foreach ((int first, int last) in ranges.Order())
        {
            if (merged.Count > 0 && first <= merged[^1].Last + 1)
                merged[^1] = (merged[^1].First, Math.Max(merged[^1].Last, last));
            else
                merged.Add((first, last));
        }
        return [.. merged];
    }

    private static List<(int First, int Last)>[] ReadCategories()
    {
        var ranges = new List<(int First, int Last)>[(int)UnicodeCategory.OtherNotAssigned + 1];
        for (int i = 0; i < ranges.Length; i++)
            ranges[i] = [];
        int start = 0;
        UnicodeCategory current = CharUnicodeInfo.GetUnicodeCategory(0);
        for (int codePoint = 1; codePoint <= MaxCodePoint + 1; codePoint++)
        {
            UnicodeCategory? next = codePoint > MaxCodePoint ? null : CharUnicodeInfo.GetUnicodeCategory(codePoint);
            if (next == current)
                continue;
            ranges[(int)current].Add((start, codePoint - 1));
            start = codePoint;
            current = next ?? current;
        }
        return ranges;
    }
}
