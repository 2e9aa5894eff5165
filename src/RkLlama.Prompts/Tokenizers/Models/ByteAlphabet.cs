using System.Text;

namespace RkLlama.Prompts.Tokenizers.Models;

/// <summary>
/// The letters that stand for bytes in byte-level vocabularies: printable Latin-1 characters for themselves, the other 68 bytes as U+0100
/// and on (a blank is <c>Ġ</c>).
/// </summary>
internal static class ByteAlphabet
{
    private const int FirstSubstitute = 0x100;

    private static readonly char[] Letters = CreateLetters();
    private static readonly short[] Bytes = CreateBytes();

    public static char ToLetter(byte value) => Letters[value];

    /// <summary>The byte a letter stands for, or -1.</summary>
    public static int ToByte(char letter) => letter < Bytes.Length ? Bytes[letter] : -1;

    /// <summary>
    /// Appends the bytes that a token's letters stand for; a token with any other character stands for its own UTF-8.
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
