using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace RkLlama.Native;

/// <summary>
/// Joins the texts that the library's callbacks deliver in one run, so that the output has whole characters only. NORMAL and WAITING are
/// states with which the library calls the callback: see <see cref="Interop.LLMCallState"/>. If a token ends inside a character, the library does one of
/// three things, depending on version and model. (A) It sends WAITING without text, and the whole character with the next token. (B) It sends the bytes
/// of each token unchanged. (C) It sends the first bytes with WAITING, and the whole character with a later token. The first byte of the next text shows
/// which case applies. Not thread-safe.
/// </summary>
internal sealed class Utf8Assembler
{
    private readonly ArrayBufferWriter<byte> _output = new(64);

    // The bytes of an incomplete character, and whether a WAITING callback delivered them.
    private byte[] _held = [];
    private bool _heldByWaiting;

    private static ReadOnlySpan<byte> ReplacementCharacter => "\uFFFD"u8;

    /// <summary>Stores the text of a WAITING callback. <see cref="Append"/> drops it if the next text repeats it (case C).</summary>
    internal void Hold(ReadOnlySpan<byte> piece)
    {
        if (piece.IsEmpty)
            return;

        _held = StartsWithContinuationByte(piece) ? [.. _held, .. piece] : piece.ToArray();
        _heldByWaiting = true;
    }

    /// <summary>
    /// Appends the text of a NORMAL callback and returns the characters that are now complete; empty if there are none. Later calls do not change the
    /// returned memory.
    /// </summary>
    internal ReadOnlyMemory<byte> Append(ReadOnlySpan<byte> piece)
    {
        if (piece.IsEmpty)
            return default;

        // The common case: the text has whole characters only, and no bytes are stored. It costs one copy.
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

    /// <summary>Called at the end of the run. Returns the stored bytes as text; an incomplete character becomes U+FFFD.</summary>
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

    /// <summary>
    /// Writes complete characters to the output, with U+FFFD in place of invalid bytes. If the last character is incomplete, stores its bytes.
    /// </summary>
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
