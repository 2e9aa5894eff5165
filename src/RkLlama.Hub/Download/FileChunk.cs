using System.Buffers;

namespace RkLlama.Hub.Download;

/// <summary>Bytes of a file in memory. The last thread that uses them calls <see cref="Release"/>.</summary>
/// <param name="Offset">The offset of the first byte in the file.</param>
/// <param name="Buffer">A buffer from <see cref="Rent"/>.</param>
/// <param name="Length">The number of bytes.</param>
internal readonly record struct FileChunk(long Offset, byte[] Buffer, int Length)
{
    /// <summary>The size of the buffers in bytes: small enough that a chunk is still in the cache when it is hashed.</summary>
    internal const int BufferBytes = 256 * 1024;

    /// <summary>The bytes.</summary>
    internal ReadOnlySpan<byte> Content => Buffer.AsSpan(0, Length);

    /// <summary>The offset after the last byte.</summary>
    internal long End => Offset + Length;

    /// <summary>Returns a buffer of at least <see cref="BufferBytes"/>.</summary>
    internal static byte[] Rent() => ArrayPool<byte>.Shared.Rent(BufferBytes);

    /// <summary>Gives the buffer back.</summary>
    internal void Release() => ArrayPool<byte>.Shared.Return(Buffer);
}
