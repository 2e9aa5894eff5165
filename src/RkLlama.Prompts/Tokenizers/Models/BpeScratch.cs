using System.Text;

namespace RkLlama.Prompts.Tokenizers.Models;

/// <summary>The buffers of <see cref="BpeModel"/> for encoding a prompt. They are reused for the next prompt. Used by one thread at a time.</summary>
internal sealed class BpeScratch
{
    // For each byte, its character of ByteAlphabet in UTF-8, which has one or two bytes: the first in the low byte, the second (or 0) in the high byte.
    private static readonly ushort[] Letters = [.. Enumerable.Range(0, 256).Select(value => EncodeLetter((byte)value))];

    private byte[] _utf8 = new byte[512];
    private byte[] _letters = new byte[512];
    private int _utf8Length;

    public SymbolMerger Merger { get; } = new();

    public int Capacity => Math.Max(Math.Max(_utf8.Length, _letters.Length), Merger.Capacity);

    /// <summary>The result of the last call of <see cref="ToUtf8"/>. Valid until the next call.</summary>
    public ReadOnlySpan<byte> Utf8 => _utf8.AsSpan(0, _utf8Length);

    public ReadOnlySpan<byte> ToUtf8(ReadOnlySpan<char> text)
    {
        if (_utf8.Length < text.Length * 3)
            _utf8 = new byte[text.Length * 3];
        _utf8Length = Encoding.UTF8.GetBytes(text, _utf8);
        return Utf8;
    }

    /// <summary>Converts bytes to characters of <see cref="ByteAlphabet"/>, in UTF-8. The result is valid until the next call.</summary>
    public ReadOnlySpan<byte> ToLetters(ReadOnlySpan<byte> bytes)
    {
        if (_letters.Length < bytes.Length * 2)
            _letters = new byte[bytes.Length * 2];
        int length = 0;
        foreach (byte value in bytes)
        {
            ushort letter = Letters[value];
            _letters[length++] = (byte)letter;
            if (letter > 0xFF)
                _letters[length++] = (byte)(letter >> 8);
        }
        return _letters.AsSpan(0, length);
    }

    private static ushort EncodeLetter(byte value)
    {
        Span<byte> utf8 = stackalloc byte[2];
        utf8.Clear();
        Encoding.UTF8.GetBytes([ByteAlphabet.ToLetter(value)], utf8);
        return (ushort)(utf8[0] | utf8[1] << 8);
    }
}
