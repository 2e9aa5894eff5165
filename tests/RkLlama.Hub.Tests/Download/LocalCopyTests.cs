using RkLlama.Hub.Download;
using RkLlama.Hub.Hubs;

namespace RkLlama.Hub.Tests.Download;

public sealed class LocalCopyTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("rkllama-copy-").FullName;
    private readonly RateLimit _rate = new(0, TimeProvider.System);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_file_is_copied_whole_and_the_progress_is_told()
    {
        byte[] content = [.. Enumerable.Range(0, 3_000_000).Select(static i => (byte)(i * 31))];
        List<long> reports = [];

        await LocalCopy.RunAsync(Source(content), Target, _rate, reports.Add, default);

        (await File.ReadAllBytesAsync(Target)).AsSpan().SequenceEqual(content).Should().BeTrue();
        reports.Should().BeInAscendingOrder().And.StartWith(0).And.EndWith(3_000_000);
    }

    [Fact]
    public async Task A_source_with_another_size_than_planned_is_an_error()
    {
        LocalFile source = Source(new byte[100]);
        LocalFile larger = source with { File = source.File with { Size = 200 } };

        Func<Task> copy = () => LocalCopy.RunAsync(larger, Target, _rate, static _ => { }, default);

        (await copy.Should().ThrowAsync<HubException>()).Which.Error.Should().Be(HubError.Changed);
    }

    [Fact]
    public async Task A_cancelled_copy_ends()
    {
        using CancellationTokenSource cancel = new();
        LocalFile source = Source(new byte[5_000_000]);

        Func<Task> copy = () => LocalCopy.RunAsync(source, Target, _rate, count => Cancel(cancel, count > 0), cancel.Token);

        await copy.Should().ThrowAsync<OperationCanceledException>();
        new FileInfo(Target).Length.Should().BeLessThan(5_000_000);
    }

    private static void Cancel(CancellationTokenSource source, bool now)
    {
        if (now)
            source.Cancel();
    }

    private string Target => Path.Join(_directory, "target.part");

    private LocalFile Source(byte[] content)
    {
        string path = Path.Join(_directory, "source.rkllm");
        File.WriteAllBytes(path, content);
        return new(new("source.rkllm", content.Length), path);
    }
}
