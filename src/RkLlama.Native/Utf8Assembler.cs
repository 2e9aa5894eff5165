using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace RkLlama.Native;

/// <summary>
/// Assembles valid UTF-8 from the pieces of one run. If a token ends inside a character, the library does one of three things, depending on
/// version and model: (A) it sends WAITING without text and the whole character with the next token, (B) it sends the bytes as they come, or
/// (C) it sends the first bytes with WAITING and the whole character later. The first byte of the next piece shows which. Used by one thread.
/// </summary>
internal sealed class Utf8Assembler
{
    private readonly ArrayBufferWriter<byte> _output = new(64);

    // The bytes of an incomplete character, and whether they came with WAITING.
    private byte[] _held = [];
    private bool _heldByWaiting;

    private static ReadOnlySpan<byte> ReplacementCharacter => "\uFFFD"u8;

    /// <summary>Holds bytes that came with WAITING. The next piece shows whether they are needed.</summary>
    internal void Hold(ReadOnlySpan<byte> piece)
    {
        if (piece.IsEmpty)
            return;

        _held = StartsWithContinuationByte(piece) ? [.. _held, .. piece] : piece.ToArray();
        _heldByWaiting = true;
    }

    /// <summary>Appends a piece and returns the text that is now complete. The returned memory is not reused.</summary>
    internal ReadOnlyMemory<byte> Append(ReadOnlySpan<byte> piece)
    {
        if (piece.IsEmpty)
            return default;

        // The common case: whole characters and nothing held. It costs one copy.
        if (_held.Length == 0 && Utf8.IsValid(piece))
            return piece.ToArray();

        _output.ResetWrittenCount();
        if (StartsWithContinuationByte(piece))
            piece = (byte[])[.. _held, .. piece];
        else if (_held.Length > 0 && !_heldByWaiting)
            _output.Write(ReplacementCharacter);

        _held = [];
        _heldByWaiting = false;
        WriteWholeCharacters(piece);
        return _output.WrittenSpan.ToArray();
    }

    /// <summary>Returns the rest of the text at the end of the run. An incomplete character becomes a replacement character.</summary>
    internal ReadOnlyMemory<byte> Flush()
    {
        byte[] rest = _held;
        _held = [];
        _output.ResetWrittenCount();
        WriteWholeCharacters(rest);
        if (_held.Length > 0)
            _output.Write(ReplacementCharacter);

        _held = [];
        return _output.WrittenSpan.ToArray();
    }

    private static bool StartsWithContinuationByte(ReadOnlySpan<byte> piece) => (piece[0] & 0xC0) == 0x80;

    /// <summary>Writes complete characters, replaces invalid bytes, and holds an incomplete character at the end.</summary>
    private void WriteWholeCharacters(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            OperationStatus status = Rune.DecodeFromUtf8(bytes, out _, out int length);
            if (status == OperationStatus.NeedMoreData)
            {
                _held = bytes.ToArray();
                return;
            }

            _output.Write(status == OperationStatus.Done ? bytes[..length] : ReplacementCharacter);
            bytes = bytes[length..];
        }
    }
}
