using System.Buffers;
using System.Text;

namespace RkLlama.Prompts.Tokenizers.Models;

/// <summary>
/// The characters that represent bytes in byte-level vocabularies. A byte that is a printable Latin-1 character is represented by this character. The other 68
/// bytes are represented by U+0100 to U+0143; a space, for example, by <c>Ġ</c>.
/// </summary>
internal static class ByteAlphabet
{
    private const int FirstSubstitute = 0x100;

    private static readonly char[] Letters = CreateLetters();
    private static readonly short[] Bytes = CreateBytes();

    public static char ToLetter(byte value) => Letters[value];

    /// <summary>Returns the byte that a character represents; -1 if it represents none.</summary>
    public static int ToByte(char letter) => letter < Bytes.Length ? Bytes[letter] : -1;

    /// <summary>
    /// Appends the bytes that the characters of a token represent. If a character represents no byte, appends the whole token as UTF-8 instead.
    /// </summary>
    public static void Decode(string token, List<byte> target)
    {
        int start = target.Count;
        foreach (char letter in token)
        {
            int value = ToByte(letter);
            if (value < 0)
            {
                target.RemoveRange(start, target.Count - start);
                target.AddRange(Encoding.UTF8.GetBytes(token));
                return;
            }
            target.Add((byte)value);
        }
    }

    /// <inheritdoc cref="Decode(string, List{byte})"/>
    /// <param name="token">The token in UTF-8.</param>
    public static void Decode(ReadOnlySpan<byte> token, ArrayBufferWriter<byte> target)
    {
        // A byte has at least one byte of UTF-8 in the token.
        Span<byte> bytes = target.GetSpan(token.Length + 1);
        int count = 0;
        for (ReadOnlySpan<byte> rest = token; !rest.IsEmpty;)
        {
            // The letters have one or two bytes of UTF-8.
            int length = rest[0] < 0x80 || rest.Length == 1 ? 1 : 2;
            char letter = length == 1 ? (char)rest[0] : (char)((rest[0] & 0x1F) << 6 | rest[1] & 0x3F);
            int value = rest[0] >= 0xE0 ? -1 : ToByte(letter);
            if (value < 0)
            {
                target.Write(token);
                return;
            }
            bytes[count++] = (byte)value;
            rest = rest[length..];
        }
        target.Advance(count);
    }

    private static char[] CreateLetters()
    {
        var letters = new char[256];
        int substitute = FirstSubstitute;
        for (int value = 0; value < letters.Length; value++)
        {
            bool printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE;
            letters[value] = (char)(printable ? value : substitute++);
        }
        return letters;
    }

    private static short[] CreateBytes()
    {
        var bytes = new short[Letters.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (int value = 0; value < Letters.Length; value++)
            bytes[Letters[value]] = (short)value;
        return bytes;
    }
}
