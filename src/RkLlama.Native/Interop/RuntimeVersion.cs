using System.Globalization;

namespace RkLlama.Native.Interop;

/// <summary>A version in the vendor's format, such as <c>1.2.3</c> or <c>1.2.1b1</c>.</summary>
internal readonly record struct RuntimeVersion(int Major, int Minor, int Patch, string Suffix) : IComparable<RuntimeVersion>
{
    private int Number => (Major * 10_000) + (Minor * 100) + Patch;

    /// <summary>Compares the numbers. The suffix does not count.</summary>
    public int CompareTo(RuntimeVersion other) => Number.CompareTo(other.Number);

    /// <summary>Whether the version is newer than every version with a known layout.</summary>
    internal bool IsUnknownNewer => Number > 1_03_01;

    internal bool IsTooOld => Number < 1_01_00;

    /// <summary>The ABI group; <see langword="null"/> for 1.0.x and for versions with an unknown layout.</summary>
    internal RuntimeFamily? Family => Number switch
    {
        >= 1_01_00 and <= 1_01_04 => RuntimeFamily.V11,
        1_02_00 => RuntimeFamily.V120,
        1_02_01 when Suffix.StartsWith('b') => RuntimeFamily.V120,
        >= 1_02_01 and <= 1_02_03 => RuntimeFamily.V121,
        1_03_00 => RuntimeFamily.V130,
        1_03_01 => RuntimeFamily.V131,
        _ => null,
    };

    public override string ToString() => $"{Major}.{Minor}.{Patch}{Suffix}";

    internal static bool TryParse(ReadOnlySpan<char> text, out RuntimeVersion version)
    {
        version = default;
        Span<Range> parts = stackalloc Range[4];
        if (text.Split(parts, '.') != 3)
            return false;

        ReadOnlySpan<char> last = text[parts[2]];
        int digits = last.IndexOfAnyExceptInRange('0', '9') is int end and >= 0 ? end : last.Length;
        if (!TryParseNumber(text[parts[0]], out int major) || !TryParseNumber(text[parts[1]], out int minor) || !TryParseNumber(last[..digits], out int patch))
            return false;

        version = new(major, minor, patch, last[digits..].ToString());
        return true;
    }

    // Each part must be less than 100, so that Number has the same order as the versions.
    private static bool TryParseNumber(ReadOnlySpan<char> text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number < 100;
}
