using System.Security.Cryptography;
using RkLlama.Native.Interop;

namespace RkLlama.Native.Tests;

/// <summary>The hashes without libssl are equal to those of .NET.</summary>
public sealed class BlockHashTests
{
    [Fact]
    public void Sha256_is_that_of_the_standard()
    {
        for (int length = 0; length < 260; length++)
        {
            byte[] data = Bytes(length);
            Sha256.HashData(data).Should().Equal(SHA256.HashData(data), "the data has {0} bytes", length);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1 << 20)]
    [InlineData((1 << 20) + 63)]
    [InlineData((3 << 20) - 1)]
    public void The_sha256_of_a_stream_is_that_of_its_bytes(int length)
    {
        byte[] data = Bytes(length);

        string hash = FileHash.Sha256Of(new MemoryStream(data));

        hash.Should().Be(Convert.ToHexStringLower(SHA256.HashData(data)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(12)]
    [InlineData(63)]
    public void Sha1_is_that_of_the_standard(int head)
    {
        for (int length = 0; length < 260; length++)
        {
            byte[] data = Bytes(head + length);
#pragma warning disable CA5350 // SHA-1 identifies files here. It protects nothing.
            Sha1.HashData(data.AsSpan(0, head), data.AsSpan(head)).Should().Equal(SHA1.HashData(data), "the data has {0} bytes", length);
#pragma warning restore CA5350
        }
    }

    private static byte[] Bytes(int length) => [.. Enumerable.Range(0, length).Select(static i => (byte)(i * 37))];
}
