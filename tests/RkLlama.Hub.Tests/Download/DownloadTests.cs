using RkLlama.Hub.Download;
using RkLlama.Hub.Hubs;
using RkLlama.Hub.Tests.StandIn;

namespace RkLlama.Hub.Tests.Download;

/// <summary>Downloads from the stand-in, which does wrong what real hubs do wrong.</summary>
public sealed class DownloadTests : IAsyncLifetime
{
    private const long Size = 5_000_000;
    private const string Repository = "owner/repo", File = "sub/model.rkllm";
    private static readonly DownloadOptions Parts = new() { PartBytes = 1 << 20 };

    private readonly string _directory = Directory.CreateTempSubdirectory("rkllama-download-").FullName;
    private readonly List<string> _notes = [];
    private readonly List<long> _reports = [];
    private StandInHub _hub = null!;
    private StandInRepository _repository = null!;
    private HubOptions _options = null!;

    private string Target => Path.Join(_directory, "model.part");

    public async Task InitializeAsync()
    {
        _hub = await StandInHub.StartAsync();
        _repository = _hub.Add(Repository).Add(File, new Content(Size, 7)).Add("tokenizer.json", """{"model":{}}""");
        _options = new() { HuggingFace = _hub.Address, ModelScope = _hub.Address, StallTimeout = TimeSpan.FromSeconds(10), RetryDelay = TimeSpan.FromMilliseconds(5) };
    }

    public async Task DisposeAsync()
    {
        await _hub.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task A_file_is_downloaded_in_parts_and_checked(int connections)
    {
        await DownloadAsync(Parts with { Connections = connections });

        ShouldBeWhole();
        _hub.Reads.Should().HaveCount(connections == 1 ? 1 : 5);
        _hub.SentBytes.Should().Be(Size);
        _reports.Should().BeInAscendingOrder().And.EndWith(Size);
    }

    [Fact]
    public async Task The_token_reaches_the_hub_and_never_another_host()
    {
        _repository.IsGated = true;
        _options = _options with { HuggingFaceToken = _hub.Token };

        await DownloadAsync(Parts);

        ShouldBeWhole();
        _hub.TokenReachedStorage.Should().BeFalse();
    }

    [Fact]
    public async Task The_hub_is_asked_once_for_the_address_of_a_file()
    {
        await DownloadAsync(Parts with { Connections = 1, PartBytes = Size });
        await DownloadAsync(Parts, path: Path.Join(_directory, "again"));

        _hub.Requests.Count(static path => path.Contains("/resolve/", StringComparison.Ordinal)).Should().BeLessThan(6);
    }

    [Fact]
    public async Task A_small_file_behind_a_relative_redirect_is_checked_by_its_object_id()
    {
        await DownloadAsync(Parts, "tokenizer.json");

        (await System.IO.File.ReadAllTextAsync(Target)).Should().Be("""{"model":{}}""");
    }

    [Fact]
    public async Task An_empty_file_is_downloaded()
    {
        _repository.Add("empty.json", "");

        await DownloadAsync(Parts, "empty.json");

        new FileInfo(Target).Length.Should().Be(0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task A_connection_that_is_cut_in_each_part_continues_where_it_ended(int connections)
    {
        HashSet<long> seen = [];
        _hub.StorageFault = (_, from) => Once(seen, from / Parts.PartBytes) ? new() { CutAfter = 300_000 } : null;

        await DownloadAsync(Parts with { Connections = connections });

        ShouldBeWhole();
        _notes.Should().NotBeEmpty();
        _hub.SentBytes.Should().BeLessThan(Size + (6 * 400_000));
    }

    [Fact]
    public async Task A_silent_connection_is_opened_again()
    {
        HashSet<long> seen = [];
        _hub.StorageFault = (_, from) => Once(seen, 0) ? new() { SilentAfter = 100_000 } : null;
        _options = _options with { StallTimeout = TimeSpan.FromMilliseconds(500) };

        await DownloadAsync(Parts);

        ShouldBeWhole();
        _notes.Should().Contain(static note => note.Contains("sent no byte for 0.5 s", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_host_that_never_sends_a_byte_fails_after_five_tries_and_keeps_what_is_there()
    {
        _options = _options with { StallTimeout = TimeSpan.FromSeconds(1) };
        _hub.StorageFault = (_, from) => from == 0 ? new() { CutAfter = 600_000 } : new() { SilentAfter = 0 };

        HubException error = await FailAsync(Parts with { Connections = 1 });

        error.Error.Should().Be(HubError.Unreachable);
        PartialFile.KeptBytes(Target, await DescribeAsync(File), _repository.Commit).Should().BeInRange(1, 600_000);
        _notes.Should().HaveCountGreaterThanOrEqualTo(4, "each try but the last is followed by another one");
    }

    [Fact]
    public async Task A_host_that_ignores_ranges_sends_the_file_from_the_start()
    {
        _hub.StorageFault = static (_, _) => new() { IgnoresRange = true };

        await DownloadAsync(Parts);

        ShouldBeWhole();
        _notes.Should().ContainSingle(static note => note.Contains("sends whole files only", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_wrong_part_is_never_written()
    {
        HashSet<long> seen = [];
        _hub.StorageFault = (_, from) => from > 0 && Once(seen, from) ? new() { RangeShift = 5 } : null;

        await DownloadAsync(Parts);

        ShouldBeWhole();
    }

    [Theory]
    [InlineData(-1000)]
    [InlineData(1000)]
    public async Task A_file_of_another_length_has_changed(int excess)
    {
        _hub.StorageFault = (_, _) => new() { Excess = excess };

        (await FailAsync(Parts)).Error.Should().Be(HubError.Changed);
    }

    [Fact]
    public async Task An_endless_body_ends_at_the_promised_size()
    {
        _hub.StorageFault = static (_, _) => new() { IsEndless = true, BytesPerSecond = 200_000_000 };

        HubException error = await FailAsync(Parts with { Connections = 1 });

        error.Error.Should().Be(HubError.Changed);
        _hub.SentBytes.Should().BeLessThan(128 << 20);
    }

    [Fact]
    public async Task One_wrong_bit_is_found_and_nothing_remains()
    {
        _hub.StorageFault = static (_, _) => new() { FlipAt = 3_333_333 };

        HubException error = await FailAsync(Parts);

        error.Error.Should().Be(HubError.Corrupt);
        error.Message.Should().Contain(new Content(Size, 7).Sha256).And.Contain("memory and the disk");
        Directory.EnumerateFiles(_directory).Should().BeEmpty();
    }

    [Fact]
    public async Task A_page_in_place_of_the_file_is_named()
    {
        _hub.StorageFault = static (_, _) => new() { IsPage = true };

        (await FailAsync(Parts)).Message.Should().Contain("a page in place of sub/model.rkllm");
    }

    [Theory]
    [InlineData("Retry-After", "0")]
    [InlineData("RateLimit", "\"resolvers\";r=0;t=0")]
    public async Task A_hub_that_asks_to_wait_is_asked_again(string header, string value)
    {
        HashSet<long> seen = [];
        _hub.StorageFault = (_, _) => Once(seen, 0) ? new() { Status = 429, Headers = new Dictionary<string, string> { [header] = value } } : null;

        await DownloadAsync(Parts);

        ShouldBeWhole();
    }

    [Fact]
    public async Task A_hub_that_asks_to_wait_for_an_hour_fails_at_once()
    {
        _hub.StorageFault = static (_, _) => new() { Status = 429, Headers = new Dictionary<string, string> { ["Retry-After"] = "3600" } };

        (await FailAsync(Parts with { Connections = 1 })).Error.Should().Be(HubError.RateLimited);

        _hub.Reads.Should().ContainSingle();
    }

    [Theory]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(408)]
    public async Task Errors_of_the_host_are_tried_again(int status)
    {
        HashSet<long> seen = [];
        _hub.StorageFault = (_, from) => Once(seen, from) ? new() { Status = status } : null;

        await DownloadAsync(Parts);

        ShouldBeWhole();
    }

    [Fact]
    public async Task An_address_that_has_expired_is_asked_for_again()
    {
        bool isExpired = false;
        _hub.StorageFault = (_, from) =>
        {
            if (from > 2 << 20 && !isExpired)
            {
                isExpired = true;
                _hub.ExpireSignatures();
            }

            return null;
        };

        await DownloadAsync(Parts with { Connections = 2 });

        ShouldBeWhole();
        isExpired.Should().BeTrue();
    }

    [Fact]
    public async Task A_host_that_always_refuses_its_own_addresses_is_not_asked_without_end()
    {
        _hub.StorageFault = static (_, _) => new() { Status = 403, Text = "no" };

        HubException error = await FailAsync(Parts with { Connections = 1 });

        error.Message.Should().Contain("403").And.Contain("no");
        _hub.Reads.Should().HaveCountLessThan(10);
    }

    [Fact]
    public async Task A_file_that_changed_between_two_downloads_starts_anew()
    {
        _hub.StorageFault = static (_, from) => from > 1 << 20 ? new() { Status = 500 } : null;
        await FailAsync(Parts);
        _repository.Commit = new string('f', 40);
        _repository.Add(File, new Content(Size, 8));
        _hub.StorageFault = static (_, _) => null;

        await DownloadAsync(Parts);

        ShouldBeWhole(seed: 8);
        _notes.Should().Contain(static note => note.Contains("starts anew", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_signature_that_expires_before_its_first_use_is_asked_for_again()
    {
        _hub.ExpiredRedirects = 1;

        await DownloadAsync(Parts);

        ShouldBeWhole();
    }

    [Fact]
    public async Task A_file_that_changes_during_the_download_is_never_a_mix()
    {
        HashSet<long> seen = [];
        Content other = new(Size, 8);
        _hub.StorageFault = (_, from) =>
        {
            if (from > 0 && Once(seen, 0))
            {
                _repository.Add(File, other);
                _hub.ExpireSignatures();
            }

            return null;
        };

        (await FailAsync(Parts with { Connections = 2 })).Error.Should().BeOneOf(HubError.Changed, HubError.Corrupt);
    }

    [Fact]
    public async Task A_cancelled_download_continues_where_it_ended()
    {
        using CancellationTokenSource cancel = new();
        _hub.StorageFault = static (_, _) => new() { BytesPerSecond = 20_000_000 };
        Task download = DownloadAsync(Parts, report: count => Cancel(cancel, count > 2_000_000), cancellationToken: cancel.Token);
        await download.Invoking(static task => task).Should().ThrowAsync<OperationCanceledException>();
        long before = _hub.SentBytes;
        _hub.StorageFault = static (_, _) => null;

        await DownloadAsync(Parts);

        ShouldBeWhole();
        (_hub.SentBytes - before).Should().BeLessThan(Size - 1_000_000);
    }

    [Fact]
    public async Task After_a_power_cut_only_what_was_synced_is_kept()
    {
        const int Synced = 1 << 20;
        using CancellationTokenSource cancel = new();
        _hub.StorageFault = static (_, _) => new() { BytesPerSecond = 20_000_000 };
        Task download = DownloadAsync(Parts with { Connections = 1 }, report: count => Cancel(cancel, count > 3_000_000), cancellationToken: cancel.Token);
        await download.Invoking(static task => task).Should().ThrowAsync<OperationCanceledException>();
        LosePower(Synced);
        long before = _hub.SentBytes;
        _hub.StorageFault = static (_, _) => null;

        await DownloadAsync(Parts);

        ShouldBeWhole();
        (_hub.SentBytes - before).Should().Be(Size - Synced);
    }

    [Fact]
    public async Task The_rate_is_bounded_for_all_connections_together()
    {
        DownloadOptions slow = Parts with { BytesPerSecond = 20_000_000 };
        long start = TimeProvider.System.GetTimestamp();

        await DownloadAsync(slow);

        TimeProvider.System.GetElapsedTime(start).Should().BeGreaterThan(TimeSpan.FromSeconds((Size - 2_200_000) / 20e6));
    }

    /// <summary>Makes the files look as after a power cut: another boot, one synced part, and zeros in place of all that was written after it.</summary>
    private void LosePower(int synced)
    {
        string journalPath = Target + ".json";
        DownloadJournal journal = DownloadJournal.TryRead(journalPath)!;
        (journal with { Boot = "another boot", Synced = [0, synced] }).Write(journalPath, sync: false);
        using FileStream file = new(Target, FileMode.Open);
        file.Position = synced;
        file.Write(new byte[file.Length - synced]);
    }

    private static bool Once(HashSet<long> seen, long key)
    {
        lock (seen)
            return seen.Add(key);
    }

    private static void Cancel(CancellationTokenSource source, bool now)
    {
        if (now)
            source.Cancel();
    }

    private async Task<HubFile> DescribeAsync(string path)
    {
        using HubConnection connection = new(_options, "test/1", TimeProvider.System);
        HubRepository repository = await new HuggingFaceHub(connection, _options).GetRepositoryAsync(Repository, null, default);
        return repository.Files.Single(file => file.Path == path);
    }

    private async Task DownloadAsync(
        DownloadOptions options, string file = File, string? path = null, Action<long>? report = null, CancellationToken cancellationToken = default)
    {
        using HubConnection connection = new(_options, "test/1", TimeProvider.System);
        HuggingFaceHub hub = new(connection, _options);
        HubRepository repository = await hub.GetRepositoryAsync(Repository, null, cancellationToken);
        HubFileSource source = new(connection, hub, repository, repository.Files.Single(one => one.Path == file));
        FileDownloader downloader = new(connection, _options, options, new(options.BytesPerSecond, TimeProvider.System), TimeProvider.System);
        await downloader.DownloadAsync(source, repository.Commit, path ?? Target, count =>
        {
            lock (_reports)
                _reports.Add(count);
            report?.Invoke(count);
        }, note =>
        {
            lock (_notes)
                _notes.Add(note);
        }, cancellationToken);
    }

    private async Task<HubException> FailAsync(DownloadOptions options)
    {
        Func<Task> download = () => DownloadAsync(options);
        return (await download.Should().ThrowAsync<HubException>()).Which;
    }

    private void ShouldBeWhole(ulong seed = 7) =>
        System.IO.File.ReadAllBytes(Target).AsSpan().SequenceEqual(new Content(Size, seed).ToArray()).Should().BeTrue();
}
