using System.Security.Cryptography;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;
using RkLlama.Hub.Tests.StandIn;

namespace RkLlama.EndToEnd.Tests.Pull;

/// <summary>The published server is killed again and again while it downloads.</summary>
public sealed class PullKillTests : IDisposable
{
    private const string Repository = "someone/Demo-RK3588-RKLLM-1.2.3", File = "demo-w8a8-rk3588.rkllm", Name = "Demo-RK3588-RKLLM-1.2.3";
    private const int Kills = 50, Seed = 20;
    private const long Size = 200_000_000;

    // The length of the parts that the server fetches: the most that a kill may cost.
    private const long PartBytes = 64 << 20;
    private readonly Content _content = new(Size, 3);
    private readonly string _models = Directory.CreateTempSubdirectory("rkllama-kill-").FullName;

    public void Dispose() => Directory.Delete(_models, recursive: true);

    [Fact]
    public async Task A_download_that_is_killed_at_50_random_moments_ends_in_the_right_file_and_fetches_at_most_one_part_again()
    {
        await using StandInHub hub = await StandInHub.StartAsync();
        hub.Add(Repository).Add(File, _content).Add("tokenizer.json", "{}").Add("tokenizer_config.json", "{}");
        hub.StorageFault = static (path, _) => path == File ? new() { BytesPerSecond = 60_000_000 } : null;
        Random random = new(Seed);
        List<long> lost = [];
        int files = 0;

        while (lost.Count < Kills || files == 0)
        {
            long sent = hub.SentBytes, kept = KeptBytes();
            await using Node node = await Node.StartAsync(
                null, ["--port", "0", "--models", _models], ("HF_ENDPOINT", hub.Address.ToString()), ("HF_HUB_OFFLINE", null), ("RKLLAMA_TARGET_PLATFORM", "rk3588"));
            Task<List<JsonElement>> pull = PullRequest.SendAsync(node, Repository);
            if (lost.Count == Kills || await Task.WhenAny(pull, Task.Delay(random.Next(700))) == pull)
            {
                (await pull)[^1].GetRawText().Should().Be("""{"status":"success"}""", "{0}", node.Log);
                files += ShouldBeRight();
                Directory.Delete(Path.Combine(_models, Name), recursive: true);
                continue;
            }

            node.Kill();
            await node.WaitForExitAsync();
            await ((Func<Task>)(() => pull)).Should().ThrowAsync<Exception>();
            await node.EventuallyAsync(() => hub.ActiveReads == 0, "the hub should notice that the server is gone");
            ShouldBeRight();
            lost.Add(hub.SentBytes - sent - (KeptBytes() - kept));
        }

        lost.Should().OnlyContain(static bytes => bytes <= PartBytes, "seed {0}", Seed);
    }

    /// <summary>Checks that the model is there whole or not at all. Returns how many models there are.</summary>
    private int ShouldBeRight()
    {
        string path = Path.Combine(_models, Name, File);
        if (!Directory.Exists(Path.GetDirectoryName(path)))
            return 0;
        using FileStream file = System.IO.File.OpenRead(path);
        Convert.ToHexStringLower(SHA256.HashData(file)).Should().Be(_content.Sha256);
        return 1;
    }

    /// <summary>The number of bytes that the next download does not fetch again.</summary>
    private long KeptBytes()
    {
        string directory = Path.Combine(_models, Name + ".partial");
        if (System.IO.File.Exists(Path.Combine(_models, Name, File)) || System.IO.File.Exists(Path.Combine(directory, File)))
            return Size;
        string? journal = Directory.Exists(directory) ? Directory.GetFiles(directory, File + "*.json").SingleOrDefault() : null;
        if (journal is null)
            return 0;
        using JsonDocument document = JsonDocument.Parse(System.IO.File.ReadAllBytes(journal));
        long[] pairs = [.. document.RootElement.GetProperty("written").EnumerateArray().Select(static offset => offset.GetInt64())];
        return pairs.Chunk(2).Sum(static pair => pair[1] - pair[0]);
    }
}
