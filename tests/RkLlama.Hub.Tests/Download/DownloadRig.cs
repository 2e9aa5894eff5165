using RkLlama.Hub.Download;
using RkLlama.Hub.Hubs;
using RkLlama.Hub.Tests.StandIn;

namespace RkLlama.Hub.Tests.Download;

/// <summary>A stand-in hub with one model, and a directory for its download. Lives as long as one test.</summary>
public abstract class DownloadRig : IAsyncLifetime
{
    private protected const long Size = 5_000_000;
    private protected const string Repository = "owner/repo", File = "sub/model.rkllm";
    private protected static DownloadOptions Parts { get; } = new() { PartBytes = 1 << 20 };

    private protected string Root { get; } = Directory.CreateTempSubdirectory("rkllama-download-").FullName;
    private protected List<string> Notes { get; } = [];
    private protected List<long> Reports { get; } = [];
    private protected StandInHub Hub { get; private set; } = null!;
    private protected StandInRepository Source { get; private set; } = null!;
    private protected HubOptions Options { get; set; } = null!;
    private protected TimeProvider Clock { get; set; } = TimeProvider.System;

    private protected string Target => Path.Join(Root, "model.part");

    public async Task InitializeAsync()
    {
        Hub = await StandInHub.StartAsync();
        Source = Hub.Add(Repository).Add(File, new Content(Size, 7)).Add("tokenizer.json", """{"model":{}}""");
        Options = new() { HuggingFace = Hub.Address, ModelScope = Hub.Address, StallTimeout = TimeSpan.FromSeconds(10), RetryDelay = TimeSpan.FromMilliseconds(5) };
    }

    public async Task DisposeAsync()
    {
        await Hub.DisposeAsync();
        Directory.Delete(Root, recursive: true);
    }

    private protected static bool Once(HashSet<long> seen, long key)
    {
        lock (seen)
            return seen.Add(key);
    }

    private protected async Task<HubFile> DescribeAsync(string path)
    {
        using HubConnection connection = new(Options, "test/1", TimeProvider.System);
        HubRepository repository = await new HuggingFaceHub(connection, Options).GetRepositoryAsync(Repository, null, null, default);
        return repository.Files.Single(file => file.Path == path);
    }

    private protected async Task DownloadAsync(
        DownloadOptions options, string file = File, string? path = null, Action<long>? report = null, CancellationToken cancellationToken = default)
    {
        using HubConnection connection = new(Options, "test/1", Clock);
        HuggingFaceHub hub = new(connection, Options);
        HubRepository repository = await hub.GetRepositoryAsync(Repository, null, null, cancellationToken);
        HubFileSource source = new(connection, hub, repository, repository.Files.Single(one => one.Path == file));
        FileDownloader downloader = new(connection, Options, options, new(options.BytesPerSecond, Clock), Clock);
        await downloader.DownloadAsync(source, repository.Commit, path ?? Target, count =>
        {
            lock (Reports)
                Reports.Add(count);
            report?.Invoke(count);
        }, note =>
        {
            lock (Notes)
                Notes.Add(note);
        }, cancellationToken);
    }

    private protected async Task<HubException> FailAsync(DownloadOptions options)
    {
        Func<Task> download = () => DownloadAsync(options);
        return (await download.Should().ThrowAsync<HubException>()).Which;
    }

    private protected void ShouldBeWhole(ulong seed = 7) =>
        System.IO.File.ReadAllBytes(Target).AsSpan().SequenceEqual(new Content(Size, seed).ToArray()).Should().BeTrue();
}
