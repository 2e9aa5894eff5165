using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace RkLlama.Hub.Tests.StandIn;

/// <summary>The content of a file of the stand-in hub: given bytes, or bytes that depend on a seed and the offset only, so that large files need no memory.</summary>
internal sealed class Content
{
    private readonly byte[]? _bytes;
    private readonly ulong _seed;

    internal Content(long size, ulong seed)
    {
        (Size, _seed) = (size, seed);
        Sha256 = Hash();
    }

    internal Content(string text)
        : this(Encoding.UTF8.GetBytes(text))
    {
    }

    internal Content(byte[] bytes)
    {
        _bytes = bytes;
        Size = bytes.Length;
        Sha256 = Hash();
    }

    internal long Size { get; }

    internal string Sha256 { get; }

    /// <summary>The object id of git.</summary>
#pragma warning disable CA5350 // Git names objects by SHA-1.
    internal string GitOid => Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {Size}\0"), .. ToArray()]));
#pragma warning restore CA5350

    internal void Read(long offset, Span<byte> buffer)
    {
        if (_bytes is not null)
        {
            _bytes.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
            return;
        }

        for (int i = 0; i < buffer.Length;)
        {
            ulong position = (ulong)(offset + i), word = ((position >> 3) + _seed) * 0x9E3779B97F4A7C15;
            word ^= word >> 29;
            if ((position & 7) == 0 && buffer.Length - i >= 8)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(buffer[i..], word);
                i += 8;
            }
            else
            {
                buffer[i++] = (byte)(word >> (int)((position & 7) * 8));
            }
        }
    }

    internal byte[] ToArray()
    {
        byte[] bytes = new byte[Size];
        Read(0, bytes);
        return bytes;
    }

    private string Hash()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 20];
        for (long offset = 0; offset < Size; offset += buffer.Length)
        {
            Span<byte> part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, Size - offset));
            Read(offset, part);
            hash.AppendData(part);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
