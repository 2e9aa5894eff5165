using System.Buffers.Binary;
using System.Numerics;

namespace RkLlama.Native.Interop;

/// <summary>SHA-1 without libssl; see <see cref="BlockHash"/>.</summary>
internal static class Sha1
{
    /// <summary>Returns the hash (20 bytes) of both parts, one after the other.</summary>
    /// <param name="head">The first part, at most 63 bytes.</param>
    internal static byte[] HashData(ReadOnlySpan<byte> head, ReadOnlySpan<byte> data)
    {
        Span<uint> state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0];
        BlockHash.Run(state, head, data, Compress);
        return BlockHash.ToBytes(state);
    }

    private static void Compress(Span<uint> state, ReadOnlySpan<byte> block)
    {
        Span<uint> w = stackalloc uint[80];
        for (int i = 0; i < 16; i++)
            w[i] = BinaryPrimitives.ReadUInt32BigEndian(block[(i * sizeof(uint))..]);
        for (int i = 16; i < w.Length; i++)
            w[i] = BitOperations.RotateLeft(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);

        (uint a, uint b, uint c, uint d, uint e) = (state[0], state[1], state[2], state[3], state[4]);
        for (int i = 0; i < w.Length; i++)
        {
            (uint mix, uint constant) = i switch
            {
                < 20 => ((b & c) | (~b & d), 0x5A827999u),
                < 40 => (b ^ c ^ d, 0x6ED9EBA1u),
                < 60 => ((b & c) | (b & d) | (c & d), 0x8F1BBCDCu),
                _ => (b ^ c ^ d, 0xCA62C1D6u),
            };
            uint next = unchecked(BitOperations.RotateLeft(a, 5) + mix + e + constant + w[i]);
            (a, b, c, d, e) = (next, a, BitOperations.RotateLeft(b, 30), c, d);
        }

        unchecked
        {
            state[0] += a;
            state[1] += b;
            state[2] += c;
            state[3] += d;
            state[4] += e;
        }
    }
}
