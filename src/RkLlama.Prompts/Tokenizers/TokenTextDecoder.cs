using System.Buffers;
using System.Text;

namespace RkLlama.Prompts.Tokenizers;

/// <summary>
/// Decodes the token ids of one text one after the other. All parts together are the text that <see cref="Tokenizer.Decode"/> returns for all ids. There are
/// two exceptions: a space that the tokenizer removes from the start of a text stays, and an invalid sequence of byte tokens does not make its valid
/// characters invalid. One instance per text; not thread-safe.
/// </summary>
public sealed class TokenTextDecoder(Tokenizer tokenizer)
{
    private const string Replacement = "\uFFFD";

    // The bytes of an incomplete character, followed by those of the next token.
    private readonly ArrayBufferWriter<byte> _bytes = new(64);

    /// <summary>Whether the tokens so far end inside a character.</summary>
    public bool IsInsideCharacter => _bytes.WrittenCount > 0;

    /// <summary>
    /// Appends a token and returns the characters that are now complete; empty if there are none, or if the id is unknown. Invalid bytes become U+FFFD.
    /// </summary>
    public string Append(int id)
    {
        tokenizer.AppendTokenBytes(id, _bytes);
        ReadOnlySpan<byte> bytes = _bytes.WrittenSpan;
        int rest = IncompleteLength(bytes);
        string text = Encoding.UTF8.GetString(bytes[..^rest]);

        // At most 3 bytes.
        Span<byte> incomplete = stackalloc byte[rest];
        bytes[^rest..].CopyTo(incomplete);
        _bytes.ResetWrittenCount();
        _bytes.Write(incomplete);
        return text;
    }

    /// <summary>Ends the text. Returns U+FFFD if it ends inside a character; otherwise an empty text. The next token then starts a new character.</summary>
    public string Flush()
    {
        string text = IsInsideCharacter ? Replacement : "";
        _bytes.ResetWrittenCount();
        return text;
    }

    /// <summary>Returns the length of the character at the end of which bytes are missing; 0 if there is none.</summary>
    private static int IncompleteLength(ReadOnlySpan<byte> bytes)
    {
        for (int length = 1; length <= Math.Min(3, bytes.Length); length++)
        {
            byte first = bytes[^length];
            if (first < 0x80)
                return 0;
            if (first >= 0xC0)
                return Rune.DecodeFromUtf8(bytes[^length..], out _, out _) == OperationStatus.NeedMoreData ? length : 0;
        }

        return 0;
    }
}
