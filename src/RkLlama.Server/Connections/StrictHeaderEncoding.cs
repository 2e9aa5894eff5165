using System.Text;
using Microsoft.Net.Http.Headers;

namespace RkLlama.Server.Connections;

/// <summary>
/// Decodes the value of <c>Content-Length</c> so that Kestrel accepts digits only, and answers 400 to other values. Without this class, Kestrel would accept a
/// sign. If a proxy reads <c>+90</c> in another way than Kestrel, the two do not agree where the request ends.
/// </summary>
internal sealed class StrictHeaderEncoding : Encoding
{
    private static readonly StrictHeaderEncoding Digits = new();

    /// <summary>Returns the encoding of a request header; null for Kestrel's default.</summary>
    internal static Encoding? Of(string header) => header.Equals(HeaderNames.ContentLength, StringComparison.OrdinalIgnoreCase) ? Digits : null;

    public override int GetChars(ReadOnlySpan<byte> bytes, Span<char> chars)
    {
        // Kestrel's buffer is as long as the longest number. Any other character makes the value invalid.
        bool isNumber = bytes.Length <= chars.Length && bytes.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0;
        if (!isNumber)
        {
            chars[0] = '?';
            return 1;
        }

        return Latin1.GetChars(bytes, chars);
    }

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) =>
        GetChars(bytes.AsSpan(byteIndex, byteCount), chars.AsSpan(charIndex));

    public override int GetCharCount(byte[] bytes, int index, int count) => Math.Max(count, 1);

    public override int GetMaxCharCount(int byteCount) => Math.Max(byteCount, 1);

    public override int GetByteCount(char[] chars, int index, int count) => count;

    public override int GetMaxByteCount(int charCount) => charCount;

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
        Latin1.GetBytes(chars, charIndex, charCount, bytes, byteIndex);
}
