using RkLlama.Hub.Download;
using RkLlama.Hub.Hubs;
using RkLlama.Hub.Tests.StandIn;

namespace RkLlama.Hub.Tests.Download;

/// <summary>Addresses that expire, files that change on the hub, and downloads that were interrupted.</summary>
public sealed class DownloadResumeTests : DownloadRig
{
    [Fact]
    public async Task An_address_that_has_expired_is_asked_for_again()
    {
        bool isExpired = false;
        Hub.StorageFault = (_, from) =>
        {
            if (from > 2 << 20 && !isExpired)
            {
                isExpired = true;
                Hub.ExpireSignatures();
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
        Hub.StorageFault = static (_, _) => new() { Status = 403, Text = "no" };

        HubException error = await FailAsync(Parts with { Connections = 1 });

        error.Message.Should().Contain("403").And.Contain("no");
        Hub.Reads.Should().HaveCountLessThan(10);
    }

    [Fact]
    public async Task A_file_that_changed_between_two_downloads_starts_anew()
    {
        Hub.StorageFault = static (_, from) => from > 1 << 20 ? new() { Status = 500 } : null;
        await FailAsync(Parts);
        Source.Commit = new string('f', 40);
        Source.Add(File, new Content(Size, 8));
        Hub.StorageFault = static (_, _) => null;

        await DownloadAsync(Parts);

        ShouldBeWhole(seed: 8);
        Notes.Should().Contain(static note => note.Contains("starts anew", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_signature_that_expires_before_its_first_use_is_asked_for_again()
    {
        Hub.ExpiredRedirects = 1;

        await DownloadAsync(Parts);

        ShouldBeWhole();
    }

    [Fact]
    public async Task A_file_that_changes_during_the_download_is_never_a_mix()
    {
        HashSet<long> seen = [];
        Content other = new(Size, 8);
        Hub.StorageFault = (_, from) =>
        {
            if (from > 0 && Once(seen, 0))
            {
                Source.Add(File, other);
                Hub.ExpireSignatures();
            }

            return null;
        };

        (await FailAsync(Parts with { Connections = 2 })).Error.Should().BeOneOf(HubError.Changed, HubError.Corrupt);
    }

    [Fact]
    public async Task A_cancelled_download_continues_where_it_ended()
    {
        using CancellationTokenSource cancel = new();
        Hub.StorageFault = static (_, _) => new() { BytesPerSecond = 20_000_000 };
        Task download = DownloadAsync(Parts, report: count => Cancel(cancel, count > 2_000_000), cancellationToken: cancel.Token);
        await download.Invoking(static task => task).Should().ThrowAsync<OperationCanceledException>();
        long before = Hub.SentBytes;
        Hub.StorageFault = static (_, _) => null;

        await DownloadAsync(Parts);

        ShouldBeWhole();
        (Hub.SentBytes - before).Should().BeLessThan(Size - 1_000_000);
    }

    [Fact]
    public async Task After_a_power_cut_only_what_was_synced_is_kept()
    {
        const int Synced = 1 << 20;
        using CancellationTokenSource cancel = new();
        Hub.StorageFault = static (_, _) => new() { BytesPerSecond = 20_000_000 };
        Task download = DownloadAsync(Parts with { Connections = 1 }, report: count => Cancel(cancel, count > 3_000_000), cancellationToken: cancel.Token);
        await download.Invoking(static task => task).Should().ThrowAsync<OperationCanceledException>();
        LosePower(Synced);
        long before = Hub.SentBytes;
        Hub.StorageFault = static (_, _) => null;

        await DownloadAsync(Parts);

        ShouldBeWhole();
        (Hub.SentBytes - before).Should().Be(Size - Synced);
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

    private static void Cancel(CancellationTokenSource source, bool now)
    {
        if (now)
            source.Cancel();
    }
}
