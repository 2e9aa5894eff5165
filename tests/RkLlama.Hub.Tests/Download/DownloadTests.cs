using RkLlama.Hub.Download;

namespace RkLlama.Hub.Tests.Download;

/// <summary>Downloads from a hub that makes no mistakes.</summary>
public sealed class DownloadTests : DownloadRig
{
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task A_file_is_downloaded_in_parts_and_checked(int connections)
    {
        await DownloadAsync(Parts with { Connections = connections });

        ShouldBeWhole();
        Hub.Reads.Should().HaveCount(connections == 1 ? 1 : 5);
        Hub.SentBytes.Should().Be(Size);
        Reports.Should().BeInAscendingOrder().And.EndWith(Size);
    }

    [Fact]
    public async Task The_token_reaches_the_hub_and_never_another_host()
    {
        Source.IsGated = true;
        Options = Options with { HuggingFaceToken = Hub.Token };

        await DownloadAsync(Parts);

        ShouldBeWhole();
        Hub.TokenReachedStorage.Should().BeFalse();
    }

    [Fact]
    public async Task The_hub_is_asked_once_for_the_address_of_a_file()
    {
        await DownloadAsync(Parts with { Connections = 1, PartBytes = Size });
        await DownloadAsync(Parts, path: Path.Join(Root, "again"));

        Hub.Requests.Count(static path => path.Contains("/resolve/", StringComparison.Ordinal)).Should().BeLessThan(6);
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
        Source.Add("empty.json", "");

        await DownloadAsync(Parts, "empty.json");

        new FileInfo(Target).Length.Should().Be(0);
    }

    [Fact]
    public async Task The_rate_is_bounded_for_all_connections_together()
    {
        DownloadOptions slow = Parts with { BytesPerSecond = 20_000_000 };
        long start = TimeProvider.System.GetTimestamp();

        await DownloadAsync(slow);

        TimeProvider.System.GetElapsedTime(start).Should().BeGreaterThan(TimeSpan.FromSeconds((Size - 2_200_000) / 20e6));
    }
}
