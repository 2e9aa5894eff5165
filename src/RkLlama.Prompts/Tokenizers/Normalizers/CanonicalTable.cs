namespace RkLlama.Prompts.Tokenizers.Normalizers;

/// <summary>
/// The canonical decomposition, composition and combining class of each code point. Needed because <c>string.Normalize</c> requires the library ICU, which the
/// server does not use (InvariantGlobalization). Built once from <see cref="CanonicalData"/>; needs about 100 KB of memory; immutable afterwards.
/// </summary>
internal sealed class CanonicalTable
{
    private const int HangulFirst = 0xAC00;
    private const int HangulCount = 11172;
    private const int LeadFirst = 0x1100;
    private const int LeadCount = 19;
    private const int VowelFirst = 0x1161;
    private const int VowelCount = 21;
    private const int TrailBase = 0x11A7; // the code point before the first trailing consonant: index 0 means no trailing consonant
    private const int TrailCount = 28;

    private readonly Dictionary<int, (int First, int Second)> _decompositions = new(2100);
    private readonly Dictionary<(int First, int Second), int> _compositions = new(1000);
    private readonly Dictionary<int, byte> _classes = new(1000);
    private readonly HashSet<int> _changeableSupplementary = [];
    private readonly ulong[] _changeable = new ulong[0x10000 / 64];

    private CanonicalTable()
    {
        ReadDecompositions(Convert.FromBase64String(CanonicalData.Decompositions));
        ReadClasses(Convert.FromBase64String(CanonicalData.CombiningClasses));
        for (int vowel = VowelFirst; vowel < VowelFirst + VowelCount; vowel++)
            MarkChangeable(vowel);
        for (int trail = TrailBase + 1; trail < TrailBase + TrailCount; trail++)
            MarkChangeable(trail);
    }

    public static CanonicalTable Instance { get; } = new();

    /// <summary>
    /// Returns whether NFC may change a code point or combine it with the code point before it. True for combining marks, and for code points whose Unicode
    /// property NFC_Quick_Check is not Yes. If false, a text can be split before the code point, and the parts can be normalized separately.
    /// </summary>
    public bool MayChange(int codePoint) => codePoint < 0x10000
        ? (_changeable[codePoint >> 6] >> (codePoint & 63) & 1) != 0
        : _changeableSupplementary.Contains(codePoint);

    /// <summary>Returns the canonical combining class of a code point: not 0 for combining marks, 0 for all other code points (starters).</summary>
    public int ClassOf(int codePoint) => codePoint < 0x300 ? 0 : _classes.GetValueOrDefault(codePoint);

    /// <summary>Appends the full canonical decomposition of a code point to <paramref name="target"/>.</summary>
    public void Decompose(int codePoint, List<int> target)
    {
        int hangul = codePoint - HangulFirst;
        if ((uint)hangul < HangulCount)
        {
            target.Add(LeadFirst + hangul / (VowelCount * TrailCount));
            target.Add(VowelFirst + hangul % (VowelCount * TrailCount) / TrailCount);
            if (hangul % TrailCount != 0)
                target.Add(TrailBase + hangul % TrailCount);
        }
        else if (codePoint >= 0xC0 && _decompositions.TryGetValue(codePoint, out (int First, int Second) parts))
        {
            Decompose(parts.First, target);
            if (parts.Second != 0)
                target.Add(parts.Second); // in Unicode, the second part never has a decomposition of its own
        }
        else
        {
            target.Add(codePoint);
        }
    }

    /// <summary>Returns the code point that two code points compose to; -1 if they do not compose.</summary>
    public int Compose(int first, int second)
    {
        int lead = first - LeadFirst;
        int vowel = second - VowelFirst;
        if ((uint)lead < LeadCount && (uint)vowel < VowelCount)
            return HangulFirst + (lead * VowelCount + vowel) * TrailCount;
        int syllable = first - HangulFirst;
        int trail = second - TrailBase;
        if ((uint)syllable < HangulCount && syllable % TrailCount == 0 && trail is > 0 and < TrailCount)
            return first + trail;
        return _compositions.TryGetValue((first, second), out int composed) ? composed : -1;
    }

    private void ReadDecompositions(ReadOnlySpan<byte> data)
    {
        int codePoint = 0;
        while (!data.IsEmpty)
        {
            int step = ReadNumber(ref data);
            codePoint += step >> 1;
            int zigzag = ReadNumber(ref data);
            int first = codePoint + ((zigzag & 1) == 0 ? zigzag >> 1 : -(zigzag >> 1) - 1);
            int second = ReadNumber(ref data);
            _decompositions.Add(codePoint, (first, second));
            if ((step & 1) == 0)
            {
                MarkChangeable(codePoint); // NFC always decomposes it
                continue;
            }
            _compositions.Add((first, second), codePoint);
            MarkChangeable(second);
        }
    }

    private void ReadClasses(ReadOnlySpan<byte> data)
    {
        int codePoint = 0;
        while (!data.IsEmpty)
        {
            codePoint += ReadNumber(ref data);
            int end = codePoint + ReadNumber(ref data);
            byte combiningClass = data[0];
            data = data[1..];
            for (; codePoint < end; codePoint++)
            {
                _classes.Add(codePoint, combiningClass);
                MarkChangeable(codePoint);
            }
        }
    }

    private void MarkChangeable(int codePoint)
    {
        if (codePoint < 0x10000)
            _changeable[codePoint >> 6] |= 1UL << (codePoint & 63);
        else
            _changeableSupplementary.Add(codePoint);
    }

    private static int ReadNumber(ref ReadOnlySpan<byte> data)
    {
        int value = 0;
        int shift = 0;
        while (true)
        {
            byte next = data[0];
            data = data[1..];
            value |= (next & 0x7F) << shift;
            if (next < 0x80)
                return value;
            shift += 7;
        }
    }
}
