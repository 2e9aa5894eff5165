using System.Diagnostics;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;
using RkLlama.Hub.Tests.StandIn;

namespace RkLlama.EndToEnd.Tests.Pull;

/// <summary>The published server downloads to a disk that becomes full.</summary>
public sealed class PullDiskTests
{
    private const string Repository = "someone/Demo-RK3588-RKLLM-1.2.3", File = "demo-w8a8-rk3588.rkllm";

    // The mount is visible to the server only, and ends with it.
    private const string SmallDisk = "mount -t tmpfs -o size=64m tmpfs \"$0\" && exec \"$@\"";

    [BareRootFact]
    public async Task A_disk_that_becomes_full_keeps_what_is_there_and_the_next_pull_continues()
    {
        await using StandInHub hub = await StandInHub.StartAsync();
        hub.Add(Repository).Add(File, new Content(40_000_000, 1)).Add("tokenizer.json", "{}").Add("tokenizer_config.json", "{}");
        hub.StorageFault = static (_, _) => new() { BytesPerSecond = 20_000_000 };
        await using Node node = await StartAsync(hub);
        string disk = $"/proc/{node.ProcessId}/root{node.Models}", ballast = Path.Combine(disk, "ballast");

        List<JsonElement> lines = await PullRequest.SendAsync(node, Repository, line =>
        {
            if (PullRequest.Completed(line) > 10_000_000 && !System.IO.File.Exists(ballast))
                Fill(ballast);
            return false;
        });
        (int code, _, string error) = await Tool.RunAsync(["pull", Repository], ("RKLLAMA_HOST", node.Address.ToString()));
        System.IO.File.Delete(ballast);
        hub.StorageFault = static (_, _) => null;
        long before = hub.SentBytes;
        List<JsonElement> next = await PullRequest.SendAsync(node, Repository);

        lines[^1].GetProperty("error").GetString().Should().Contain("is full; what was downloaded is kept, so free some space and try again");
        (code, error.Split('\n')[^2]).Should().Be((1, error.Split('\n').Single(static line => line.StartsWith("Error: ", StringComparison.Ordinal))));
        error.Should().Contain("GB are free", "the space is checked before the download");
        next[^1].GetRawText().Should().Be("""{"status":"success"}""");
        (hub.SentBytes - before).Should().BeLessThan(32_000_000);
        Directory.GetDirectories(disk).Should().ContainSingle();
    }

    private static Task<Node> StartAsync(StandInHub hub)
    {
        string home = Directory.CreateTempSubdirectory("rkllama-disk-").FullName, models = Directory.CreateDirectory(Path.Combine(home, "RKLLAMA", "models")).FullName;
        ProcessStartInfo info = new(
            "env", ["--default-signal=INT,TERM", "unshare", "--mount", "sh", "-c", SmallDisk, models, TestPaths.Executable, "--host", "127.0.0.1", "--port", "0", "--target_platform", "rk3588"]);
        info.Environment["HOME"] = home;
        info.Environment["HF_ENDPOINT"] = hub.Address.ToString();
        info.Environment["RKLLAMA_LIBRARY"] = Path.Combine(home, "no-library.so");
        return Node.LaunchAsync(info, home);
    }

    /// <summary>Writes a file until the disk is full.</summary>
    private static void Fill(string path)
    {
        byte[] zeros = new byte[1 << 20];
        try
        {
            using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
            while (true)
                file.Write(zeros);
        }
        catch (IOException)
        {
            // The disk is full.
        }
    }
}
