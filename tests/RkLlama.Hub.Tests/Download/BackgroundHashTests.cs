using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using RkLlama.Hub.Download;

namespace RkLlama.Hub.Tests.Download;

/// <summary>Chunks are written to a file and passed to the hash, as the writer of a download does.</summary>
public sealed class BackgroundHashTests : IDisposable
{
    private const int ChunkBytes = 1000, Chunks = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly byte[] _content = RandomNumberGenerator.GetBytes(ChunkBytes * Chunks);
    private readonly string _path = Path.GetTempFileName();
    private readonly SafeFileHandle _handle;

    public BackgroundHashTests() => _handle = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite);

    private string Expected => Convert.ToHexStringLower(SHA256.HashData(_content));

    public void Dispose()
    {
        _handle.Dispose();
        File.Delete(_path);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(99)]
    public async Task Chunks_in_any_order_are_hashed_in_the_order_of_the_file(int step)
    {
        FileParts parts = new(_content.Length, new());
        using BackgroundHash hash = Start(parts);

        // The steps have no divisor in common with the number of chunks, so each chunk is written once.
        for (int i = 0; i < Chunks; i++)
            Write(hash, parts, i * step % Chunks);

        (await hash.FinishAsync().WaitAsync(Patience)).Should().Be(Expected);
    }

    [Fact]
    public async Task What_an_earlier_download_left_is_read_from_the_file()
    {
        RandomAccess.Write(_handle, _content, 0);
        ByteRanges written = new();
        written.Add(0, _content.Length);

        using BackgroundHash hash = Start(new(_content.Length, written));

        (await hash.FinishAsync().WaitAsync(Patience)).Should().Be(Expected);
    }

    [Fact]
    public async Task A_file_that_became_shorter_is_an_error_and_does_not_hold_up_the_writer()
    {
        ByteRanges written = new();
        written.Add(0, 5 * ChunkBytes);
        FileParts parts = new(_content.Length, written);
        using BackgroundHash hash = Start(parts);

        // The journal has five chunks that are not in the file. The writer writes behind them.
        await Task.Run(() =>
        {
            for (int i = 0; i < 50; i++)
                hash.Add(new((i + 5) * ChunkBytes, FileChunk.Rent(), ChunkBytes));
        }).WaitAsync(Patience);

        Func<Task> finish = () => hash.FinishAsync().WaitAsync(Patience);
        await finish.Should().ThrowAsync<IOException>();
    }

    [Fact]
    public async Task A_download_that_ends_early_does_not_wait_for_the_hash()
    {
        BackgroundHash hash = Start(new(_content.Length, new()));

        Func<Task> dispose = () => Task.Run(hash.Dispose).WaitAsync(Patience);

        await dispose.Should().NotThrowAsync();
    }

    private BackgroundHash Start(FileParts parts) => new(ContentHash.StartSha256(), _handle, parts);

    private void Write(BackgroundHash hash, FileParts parts, int index)
    {
        FileChunk chunk = new(index * ChunkBytes, FileChunk.Rent(), ChunkBytes);
        _content.AsSpan(index * ChunkBytes, ChunkBytes).CopyTo(chunk.Buffer);
        RandomAccess.Write(_handle, chunk.Content, chunk.Offset);
        parts.AddWritten(chunk.Offset, chunk.End);
        hash.Add(chunk);
    }
}
