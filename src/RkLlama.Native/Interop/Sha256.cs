using System.Buffers.Binary;
using System.Numerics;

namespace RkLlama.Native.Interop;

/// <summary>SHA-256 without libssl; see <see cref="BlockHash"/>.</summary>
internal static class Sha256
{
    // A multiple of the block size.
    private const int ChunkBytes = 1 << 20;

    private static ReadOnlySpan<uint> Constants =>
    [
        0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
        0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
        0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
        0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
        0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
        0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
        0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
        0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2,
    ];

    private static ReadOnlySpan<uint> InitialState => [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19];

    /// <summary>Returns the hash of a stream from its position to its end, 32 bytes. Blocks while it reads.</summary>
    internal static byte[] HashStream(Stream stream, CancellationToken cancellationToken)
    {
        Span<uint> state = stackalloc uint[8];
        InitialState.CopyTo(state);
        byte[] buffer = new byte[ChunkBytes];
        for (long before = 0; ; before += buffer.Length)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            if (count < buffer.Length)
            {
                BlockHash.Run(state, [], buffer.AsSpan(0, count), Compress, before);
                return BlockHash.ToBytes(state);
            }

            for (int at = 0; at < buffer.Length; at += BlockHash.BlockSize)
                Compress(state, buffer.AsSpan(at, BlockHash.BlockSize));
        }
    }

    /// <summary>Returns the hash, 32 bytes.</summary>
    internal static byte[] HashData(ReadOnlySpan<byte> data)
    {
        Span<uint> state = stackalloc uint[8];
        InitialState.CopyTo(state);
        BlockHash.Run(state, [], data, Compress);
        return BlockHash.ToBytes(state);
    }

    private static void Compress(Span<uint> state, ReadOnlySpan<byte> block)
    {
        Span<uint> w = stackalloc uint[64];
        for (int i = 0; i < 16; i++)
            w[i] = BinaryPrimitives.ReadUInt32BigEndian(block[(i * sizeof(uint))..]);
        for (int i = 16; i < w.Length; i++)
        {
            uint early = BitOperations.RotateRight(w[i - 15], 7) ^ BitOperations.RotateRight(w[i - 15], 18) ^ (w[i - 15] >> 3);
            uint late = BitOperations.RotateRight(w[i - 2], 17) ^ BitOperations.RotateRight(w[i - 2], 19) ^ (w[i - 2] >> 10);
            w[i] = unchecked(w[i - 16] + early + w[i - 7] + late);
        }

        (uint a, uint b, uint c, uint d, uint e, uint f, uint g, uint h) = (state[0], state[1], state[2], state[3], state[4], state[5], state[6], state[7]);
        for (int i = 0; i < w.Length; i++)
        {
            uint first = BitOperations.RotateRight(e, 6) ^ BitOperations.RotateRight(e, 11) ^ BitOperations.RotateRight(e, 25);
            uint second = BitOperations.RotateRight(a, 2) ^ BitOperations.RotateRight(a, 13) ^ BitOperations.RotateRight(a, 22);
            uint sum = unchecked(h + first + ((e & f) ^ (~e & g)) + Constants[i] + w[i]);
            uint next = unchecked(sum + second + ((a & b) ^ (a & c) ^ (b & c)));
            (a, b, c, d, e, f, g, h) = (next, a, b, c, unchecked(d + sum), e, f, g);
        }

        ReadOnlySpan<uint> added = [a, b, c, d, e, f, g, h];
        for (int i = 0; i < state.Length; i++)
            state[i] = unchecked(state[i] + added[i]);
    }
}
