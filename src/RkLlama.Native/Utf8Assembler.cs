using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace RkLlama.Native;

/// <summary>
/// Joins the pieces of one run into valid UTF-8. A token may end inside a character; depending on version and model the library then
/// (A) says WAITING without text and gives the whole character with the next token, (B) gives its bytes bit by bit, or (C) gives the first
/// bytes with WAITING and the whole character afterwards. The next piece's first byte tells them apart. Used by one thread.
/// </summary>
internal sealed class Utf8Assembler
{
    private readonly ArrayBufferWriter<byte> _output = new(64);

    // Bytes that do not make a character yet, and whether WAITING brought them.
    private byte[] _held = [];
    private bool _heldByWaiting;

    private static ReadOnlySpan<byte> ReplacementCharacter => "\uFFFD"u8;

    /// <summary>Bytes that came with WAITING: all of them are held until the next piece shows whether they are needed.</summary>
    internal void Hold(ReadOnlySpan<byte> piece)
    {
        if (piece.IsEmpty)
            return;

        _held = StartsWithContinuationByte(piece) ? [.. _held, .. piece] : piece.ToArray();
        _heldByWaiting = true;
    }

    /// <summary>The text that is complete now. The memory is the caller's to keep.</summary>
    internal ReadOnlyMemory<byte> Append(ReadOnlySpan<byte> piece)
    {
        if (piece.IsEmpty)
            return default;

        // The usual case: a piece of whole characters with nothing held costs one copy.
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

    /// <summary>What is left at the end of the run, with a replacement character for one that never became whole.</summary>
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

    /// <summary>Writes what is whole, replaces what can never become whole, and holds an unfinished tail.</summary>
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
