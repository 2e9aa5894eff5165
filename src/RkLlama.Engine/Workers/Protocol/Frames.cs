using System.Buffers;
using System.Buffers.Binary;

namespace RkLlama.Engine.Workers.Protocol;

/// <summary>
/// The type of a frame. Server and worker exchange frames over pipes. A frame has three fields: length (4 bytes, little-endian: number of bytes of the other
/// two fields), type (1 byte), payload.
/// </summary>
internal enum FrameType : byte
{
    // Server to worker. The payload is JSON; Shutdown has no payload.
    Probe = 1,
    Load = 2,
    Run = 3,
    Shutdown = 5,
    Embed = 6,
    Score = 7,
    SavePrefix = 8,
    LoadPrefix = 9,
    ProbeEncoder = 10,

    /// <summary>Server to worker: abort a run. Payload: run id (4 bytes, little-endian).</summary>
    Abort = 4,

    // Worker to server. The payload is JSON.
    Probed = 65,
    Loaded = 66,
    Failed = 67,
    Ended = 69,
    PrefixLoaded = 71,
    EncoderProbed = 72,

    /// <summary>Worker to server: one token. Payload: run id and token id (4 bytes each, little-endian), text in UTF-8 (the rest).</summary>
    Token = 68,

    /// <summary>Worker to server: an embedding, or logits. Payload: run id (4 bytes, little-endian), then one float32 (little-endian) per value.</summary>
    Vector = 70,
}

/// <summary>Collects frames in a buffer. <see cref="Flush"/> writes all of them to the stream with one call. Not thread-safe.</summary>
internal sealed class FrameWriter(Stream stream)
{
    private readonly ArrayBufferWriter<byte> _buffer = new(4096);

    internal void Add(FrameType type, ReadOnlySpan<byte> payload)
    {
        WriteHeader(type, payload.Length);
        _buffer.Write(payload);
    }

    internal void AddToken(int runId, int tokenId, ReadOnlySpan<byte> text)
    {
        WriteHeader(FrameType.Token, 8 + text.Length);
        Span<byte> ids = _buffer.GetSpan(8);
        BinaryPrimitives.WriteInt32LittleEndian(ids, runId);
        BinaryPrimitives.WriteInt32LittleEndian(ids[4..], tokenId);
        _buffer.Advance(8);
        _buffer.Write(text);
    }

    internal void Flush()
    {
        if (_buffer.WrittenCount == 0)
            return;

        stream.Write(_buffer.WrittenSpan);
        stream.Flush();
        _buffer.ResetWrittenCount();
    }

    private void WriteHeader(FrameType type, int payloadLength)
    {
        Span<byte> header = _buffer.GetSpan(5);
        BinaryPrimitives.WriteInt32LittleEndian(header, payloadLength + 1);
        header[4] = (byte)type;
        _buffer.Advance(5);
    }
}

/// <summary>
/// Reads frames from a pipe. One read of the pipe may return many frames, so the bytes are buffered. Blocks its thread. Used by one thread only.
/// </summary>
/// <param name="maxLength">Maximum value of the length field. A longer frame is refused before the reader allocates memory for it.</param>
internal sealed class FrameReader(Stream stream, int maxLength)
{
    /// <summary>The maximum for frames to the worker, whose usual prompts are much shorter. If the value is greater, the stream is not a sequence of frames.</summary>
    internal const int MaxCommandLength = 256 << 20;

    /// <summary>The maximum for frames to the server. The longest ones are vectors.</summary>
    internal const int MaxReplyLength = 16 << 20;

    private byte[] _buffer = new byte[64 << 10];
    private int _start;
    private int _end;

    /// <summary>Whether the buffer contains the whole next frame, so that the next call of <see cref="TryRead"/> does not block.</summary>
    internal bool HasNext => _end - _start >= 5 && _end - _start - 4 >= BinaryPrimitives.ReadInt32LittleEndian(_buffer.AsSpan(_start));

    /// <summary>Reads the next frame. Blocks until it has arrived. The payload is valid until the next call.</summary>
    /// <returns><see langword="false"/> if the pipe has ended.</returns>
    /// <exception cref="InvalidDataException">The length field is out of range, so the stream is not a sequence of frames.</exception>
    internal bool TryRead(out FrameType type, out ReadOnlySpan<byte> payload)
    {
        type = default;
        payload = default;
        if (!Fill(5))
            return false;

        int length = BinaryPrimitives.ReadInt32LittleEndian(_buffer.AsSpan(_start));
        if (length < 1 || length > maxLength)
            throw new InvalidDataException($"frame of {length} bytes");
        if (!Fill(4 + length))
            return false;

        type = (FrameType)_buffer[_start + 4];
        payload = _buffer.AsSpan(_start + 5, length - 1);
        _start += 4 + length;
        return true;
    }

    private bool Fill(int count)
    {
        if (_end - _start >= count)
            return true;

        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_buffer.Length < count)
            Array.Resize(ref _buffer, Math.Max(count, _buffer.Length * 2));

        while (_end < count)
        {
            int read = stream.Read(_buffer, _end, _buffer.Length - _end);
            if (read == 0)
                return false;
            _end += read;
        }

        return true;
    }
}
