using System.Buffers.Binary;

namespace RkLlama.Native.Interop;

/// <summary>
/// The part that SHA-1 and SHA-256 (FIPS 180-4) have in common: blocks of 64 bytes and the padding at the end. .NET's implementation of both needs libssl,
/// which a machine may not have. These hashes only identify files. They are not for security.
/// </summary>
internal static class BlockHash
{
    internal const int BlockSize = 64;

    internal delegate void Compress(Span<uint> state, ReadOnlySpan<byte> block);

    /// <summary>Hashes the two parts, one after the other. On return the state is the hash.</summary>
    /// <param name="state">The initial state of the algorithm.</param>
    /// <param name="head">The first part of the data, at most 63 bytes.</param>
    /// <param name="before">The number of bytes that <paramref name="state"/> contains already, a multiple of <see cref="BlockSize"/>.</param>
    internal static void Run(Span<uint> state, ReadOnlySpan<byte> head, ReadOnlySpan<byte> data, Compress compress, long before = 0)
    {
        long bits = 8L * (before + head.Length + data.Length);
        Span<byte> last = stackalloc byte[2 * BlockSize];
        last.Clear();
        int filled = Math.Min(BlockSize - head.Length, data.Length);
        head.CopyTo(last);
        if (head.Length + filled == BlockSize)
        {
            data[..filled].CopyTo(last[head.Length..]);
            compress(state, last[..BlockSize]);
            last.Clear();
            head = [];
            data = data[filled..];
        }

        for (; data.Length >= BlockSize; data = data[BlockSize..])
            compress(state, data[..BlockSize]);

        // The end: a bit 1, zeros, and the number of bits of the data.
        data.CopyTo(last[head.Length..]);
        int length = head.Length + data.Length;
        last[length] = 0x80;
        int end = length + 1 + sizeof(long) <= BlockSize ? BlockSize : 2 * BlockSize;
        BinaryPrimitives.WriteInt64BigEndian(last[(end - sizeof(long))..], bits);
        for (int at = 0; at < end; at += BlockSize)
            compress(state, last.Slice(at, BlockSize));
    }

    internal static byte[] ToBytes(ReadOnlySpan<uint> state)
    {
        byte[] hash = new byte[state.Length * sizeof(uint)];
        for (int i = 0; i < state.Length; i++)
            BinaryPrimitives.WriteUInt32BigEndian(hash.AsSpan(i * sizeof(uint)), state[i]);
        return hash;
    }
}
