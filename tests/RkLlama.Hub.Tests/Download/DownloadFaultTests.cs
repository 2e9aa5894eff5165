using Microsoft.Extensions.Time.Testing;
using RkLlama.Hub.Download;
using RkLlama.Hub.Hubs;
using RkLlama.Hub.Tests.StandIn;

namespace RkLlama.Hub.Tests.Download;

/// <summary>Downloads from the stand-in, which does wrong what real hubs do wrong.</summary>
public sealed class DownloadFaultTests : DownloadRig
{
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task A_connection_that_is_cut_in_each_part_continues_where_it_ended(int connections)
    {
        HashSet<long> seen = [];
        Hub.StorageFault = (_, from) => Once(seen, from / Parts.PartBytes) ? new() { CutAfter = 300_000 } : null;

        await DownloadAsync(Parts with { Connections = connections });

        ShouldBeWhole();
        Notes.Should().NotBeEmpty().And.OnlyContain(note => note.StartsWith($"{Hub.StorageAddress.Host} cut the connection ", StringComparison.Ordinal)
            && note.EndsWith("; trying again in 1 s", StringComparison.Ordinal) && !note.Contains("additional bytes", StringComparison.Ordinal) && !note.Contains("ResponseEnded", StringComparison.Ordinal));
        Hub.SentBytes.Should().BeLessThan(Size + (6 * 400_000));
    }

    [Fact]
    public async Task The_reason_of_a_storage_host_that_refuses_is_shown()
    {
        Hub.StorageFault = static (_, _) => new() { Status = 403, Text = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Request has expired &amp; ended</Message></Error>" };

        HubException error = await FailAsync(Parts);

        error.Message.Should().EndWith("answers with status 403: AccessDenied: Request has expired & ended");
    }

    [Fact]
    public async Task A_hub_that_allows_no_more_requests_is_asked_again_after_a_note_with_the_time()
    {
        HashSet<long> seen = [];
        Hub.HubFault = _ => Once(seen, 0) ? new() { Status = 429, Headers = new Dictionary<string, string> { ["Retry-After"] = "1" } } : null;
        using HubConnection connection = new(Options, "test/1", TimeProvider.System);

        await new HuggingFaceHub(connection, Options).GetRepositoryAsync(Repository, null, Notes.Add, default);

        Notes.Should().ContainSingle().Which.Should().StartWith($"{Hub.Address.Host} allows no more requests for now (it asks to wait 1 s)").And.EndWith("; trying again in 1 s");
    }

    [Fact]
    public async Task A_hub_that_asks_for_a_long_wait_is_an_error_that_names_the_time()
    {
        Hub.HubFault = static _ => new() { Status = 429, Headers = new Dictionary<string, string> { ["Retry-After"] = "99999" } };
        using HubConnection connection = new(Options, "test/1", TimeProvider.System);

        Func<Task> read = () => new HuggingFaceHub(connection, Options).GetRepositoryAsync(Repository, null, Notes.Add, default);

        await read.Should().ThrowAsync<HubException>().WithMessage("*(it asks to wait 28 h)*");
        Notes.Should().BeEmpty();
    }

    [Fact]
    public async Task A_silent_connection_is_opened_again()
    {
        HashSet<long> seen = [];
        Hub.StorageFault = (_, from) => Once(seen, 0) ? new() { SilentAfter = 100_000 } : null;
        Options = Options with { StallTimeout = TimeSpan.FromMilliseconds(500) };

        await DownloadAsync(Parts);

        ShouldBeWhole();
        Notes.Should().Contain(static note => note.Contains("sent no byte for 0.5 s", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_connection_without_a_byte_for_30_seconds_is_opened_again()
    {
        FakeTimeProvider clock = new();
        HashSet<long> seen = [];
        Hub.StorageFault = (_, from) => Once(seen, 0) ? new() { SilentAfter = 100_000 } : null;
        Options = new() { HuggingFace = Hub.Address, RetryDelay = TimeSpan.Zero };
        Clock = clock;

        Task download = DownloadAsync(Parts with { Connections = 1 });
        while (Volatile.Read(ref Hub.SentBytes) < 100_000)
            await Task.Delay(1);
        clock.Advance(TimeSpan.FromSeconds(29));
        int early = Notes.Count;
        while (!download.IsCompleted && Notes.Count == 0)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(download, Task.Delay(5));
        }

        await download;
        ShouldBeWhole();
        early.Should().Be(0);
        Notes[0].Should().Be($"{Hub.StorageAddress.Host} sent no byte for 30 s; trying again");
    }

    [Fact]
    public async Task A_host_that_never_sends_a_byte_fails_after_five_tries_and_keeps_what_is_there()
    {
        Options = Options with { StallTimeout = TimeSpan.FromSeconds(1) };
        Hub.StorageFault = (_, from) => from == 0 ? new() { CutAfter = 600_000 } : new() { SilentAfter = 0 };

        HubException error = await FailAsync(Parts with { Connections = 1 });

        error.Error.Should().Be(HubError.Unreachable);
        PartialFile.KeptBytes(Target, await DescribeAsync(File), Source.Commit).Should().BeInRange(1, 600_000);
        Notes.Should().HaveCountGreaterThanOrEqualTo(4, "each try but the last is followed by another one");
    }

    [Fact]
    public async Task A_host_that_ignores_ranges_sends_the_file_from_the_start()
    {
        Hub.StorageFault = static (_, _) => new() { IgnoresRange = true };

        await DownloadAsync(Parts);

        ShouldBeWhole();
        Notes.Should().ContainSingle(static note => note.Contains("sends whole files only", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_wrong_part_is_never_written()
    {
        HashSet<long> seen = [];
        Hub.StorageFault = (_, from) => from > 0 && Once(seen, from) ? new() { RangeShift = 5 } : null;

        await DownloadAsync(Parts);

        ShouldBeWhole();
    }

    [Theory]
    [InlineData(-1000)]
    [InlineData(1000)]
    public async Task A_file_of_another_length_has_changed(int excess)
    {
        Hub.StorageFault = (_, _) => new() { Excess = excess };

        (await FailAsync(Parts)).Error.Should().Be(HubError.Changed);
    }

    [Fact]
    public async Task An_endless_body_ends_at_the_promised_size()
    {
        Hub.StorageFault = static (_, _) => new() { IsEndless = true, BytesPerSecond = 200_000_000 };

        HubException error = await FailAsync(Parts with { Connections = 1 });

        error.Error.Should().Be(HubError.Changed);
        Hub.SentBytes.Should().BeLessThan(128 << 20);
    }

    [Fact]
    public async Task One_wrong_bit_is_found_and_nothing_remains()
    {
        Hub.StorageFault = static (_, _) => new() { FlipAt = 3_333_333 };

        HubException error = await FailAsync(Parts);

        error.Error.Should().Be(HubError.Corrupt);
        error.Message.Should().Contain(new Content(Size, 7).Sha256).And.Contain("memory and the disk");
        Directory.EnumerateFiles(Root).Should().BeEmpty();
    }

    [Fact]
    public async Task A_page_in_place_of_the_file_is_named()
    {
        Hub.StorageFault = static (_, _) => new() { IsPage = true };

        (await FailAsync(Parts)).Message.Should().Contain("a page in place of sub/model.rkllm");
    }

    [Theory]
    [InlineData("Retry-After", "0")]
    [InlineData("RateLimit", "\"resolvers\";r=0;t=0")]
    public async Task A_hub_that_asks_to_wait_is_asked_again(string header, string value)
    {
        HashSet<long> seen = [];
        Hub.StorageFault = (_, _) => Once(seen, 0) ? new() { Status = 429, Headers = new Dictionary<string, string> { [header] = value } } : null;

        await DownloadAsync(Parts);

        ShouldBeWhole();
    }

    [Fact]
    public async Task A_hub_that_asks_to_wait_for_an_hour_fails_at_once()
    {
        Hub.StorageFault = static (_, _) => new() { Status = 429, Headers = new Dictionary<string, string> { ["Retry-After"] = "3600" } };

        (await FailAsync(Parts with { Connections = 1 })).Error.Should().Be(HubError.RateLimited);

        Hub.Reads.Should().ContainSingle();
    }

    [Theory]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(408)]
    public async Task Errors_of_the_host_are_tried_again(int status)
    {
        HashSet<long> seen = [];
        Hub.StorageFault = (_, from) => Once(seen, from) ? new() { Status = status } : null;

        await DownloadAsync(Parts);

        ShouldBeWhole();
    }
}
