using System.Globalization;
using System.Text;
using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers.Decoders;

/// <summary>
/// Decodes sequences of byte tokens, such as <c>&lt;0xC3&gt;&lt;0xA4&gt;</c>, as UTF-8. If a sequence is not valid UTF-8, each of its bytes becomes U+FFFD.
/// </summary>
internal sealed class ByteFallbackDecoder : TokenDecoder
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public override void Decode(List<string> tokens)
    {
        var decoded = new List<string>(tokens.Count);
        var run = new List<byte>();
        foreach (string token in tokens)
        {
            if (TryParse(token, out byte value))
            {
                run.Add(value);
                continue;
            }
            Flush(run, decoded);
            decoded.Add(token);
        }
        Flush(run, decoded);
        tokens.Clear();
        tokens.AddRange(decoded);
    }

    public override bool TryGetBytes(ref string token, List<byte> bytes)
    {
        bool isByte = TryParse(token, out byte value);
        if (isByte)
            bytes.Add(value);
        return isByte;
    }

    private static bool TryParse(string token, out byte value)
    {
        value = 0;
        return token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
            && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>Returns the value of a byte token.</summary>
    /// <param name="token">The token in UTF-8.</param>
    public static bool TryParse(ReadOnlySpan<byte> token, out byte value)
    {
        value = 0;
        return token.Length == 6 && token.StartsWith("<0x"u8) && token[5] == (byte)'>'
            && byte.TryParse(token.Slice(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    private static void Flush(List<byte> run, List<string> decoded)
    {
        if (run.Count == 0)
            return;
        byte[] bytes = [.. run];
        run.Clear();
        try
        {
            decoded.Add(Strict.GetString(bytes));
        }
        catch (DecoderFallbackException)
        {
            decoded.Add(new string(CodePoints.Replacement, bytes.Length));
        }
    }
}
