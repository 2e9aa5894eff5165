using System.Buffers;

namespace RkLlama.Prompts.Tokenizers.Decoders;

/// <summary>The character that represents a space in the vocabularies of SentencePiece.</summary>
internal static class SpaceMark
{
    /// <summary>The character, U+2581.</summary>
    public const string Text = "\u2581";

    private static ReadOnlySpan<byte> Mark => "\u2581"u8;

    /// <summary>Appends a token with a space in place of each space mark.</summary>
    public static void Decode(ReadOnlySpan<byte> token, ArrayBufferWriter<byte> target)
    {
        for (int mark = token.IndexOf(Mark); mark >= 0; mark = token.IndexOf(Mark))
        {
            target.Write(token[..mark]);
            target.Write(" "u8);
            token = token[(mark + Mark.Length)..];
        }

        target.Write(token);
    }
}
