using System.Text;

namespace RkLlama.Prompts.Tokenizers.Models;

/// <summary>
/// The characters that represent bytes in byte-level vocabularies. Printable Latin-1 bytes represent themselves; the other 68 are mapped to
/// U+0100 and up (a space is <c>Ġ</c>).
/// </summary>
internal static class ByteAlphabet
{
    private const int FirstSubstitute = 0x100;

    private static readonly char[] Letters = CreateLetters();
    private static readonly short[] Bytes = CreateBytes();

    public static char ToLetter(byte value) => Letters[value];

    /// <summary>Returns the byte that a character represents, or -1.</summary>
    public static int ToByte(char letter) => letter < Bytes.Length ? Bytes[letter] : -1;

    /// <summary>Appends the bytes that the characters of a token represent. A token with any other character is appended as UTF-8.</summary>
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
