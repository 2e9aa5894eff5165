using System.Security.Cryptography;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;
using RkLlama.Hub.Tests.StandIn;

namespace RkLlama.EndToEnd.Tests.Pull;

/// <summary>
/// <c>rkllama pull</c> from a hub that does wrong what real ones do: the user's line and the exit code, that no half model remains, and that the next pull fetches
/// only what is missing.
/// </summary>
public sealed class PullFaultTests : IAsyncLifetime
{
    private const string Repository = "someone/Demo-RK3588-RKLLM-1.2.3", Name = "Demo-RK3588-RKLLM-1.2.3", File = "demo-w8a8-rk3588.rkllm";
    private const long MB = 1_000_000, Size = 140 * MB;

    // What may be fetched twice although nothing is lost: what was on the way in each of three connections.
    private const long OnTheWay = 3 * 8 * MB;
    private static readonly Content Model = new(Size, 5), OtherModel = new(Size, 6);
    private readonly HashSet<long> _seen = [];
    private StandInHub _hub = null!;

    public async Task InitializeAsync()
    {
        _hub = await StandInHub.StartAsync();
        _hub.Add(Repository).Add(File, Model).Add("tokenizer.json", "{}").Add("tokenizer_config.json", "{}");
    }

    public async Task DisposeAsync() => await _hub.DisposeAsync();

    [Theory]
    [InlineData("nothing")]
    [InlineData("ranges ignored")]
    [InlineData("cut in each part")]
    [InlineData("slow")]
    [InlineData("busy once")]
    [InlineData("error once")]
    [InlineData("address expired")]
    [InlineData("endless body")]
    [InlineData("silent once")]
    public async Task A_fault_that_passes_costs_little_and_the_pull_succeeds(string fault)
    {
        _hub.StorageFault = (path, from) => path == File ? Passing(fault, from) : null;
        await using Node node = await StartAsync(_hub.Token, fault == "silent once" ? "2" : null);

        (int code, string output, string error) = await PullAsync(node);

        (code, output).Should().Be((0, $"'{Name}' is ready (140 MB): rkllama run {Name}\n"), error);
        ShouldBe(node, Model);
        _hub.TokenReachedStorage.Should().BeFalse();

        // The stand-in counts what it has written, also to a connection that the client has closed at once. With ranges that are ignored and bodies without an
        // end, that is as much as the buffers of the connections take.
        if (fault is "ranges ignored" or "endless body")
            _hub.Reads.Count(static read => read.Path == File).Should().BeLessThan(6, "each part is asked for once, and then the whole file");
        else
            _hub.SentBytes.Should().BeLessThan(Size + OnTheWay, "what has arrived is not fetched again");
    }

    [Theory]
    [InlineData("wrong length", "140001000 bytes, the hub promises 140000000", 1)]
    [InlineData("wrong hash", "is not what the hub promises", 1)]
    [InlineData("busy", "allows no more requests for now (it asks to wait 60 min); with a token it allows more: put a token of your account into /etc/rkllama/hf-token on the node, or HF_TOKEN of the server", 1)]
    [InlineData("gated without a token", "the repository is gated: ask for access on http://127.0.0.1:", 0)]
    [InlineData("gated with a token", "the account of the token has no access", 0)]
    [InlineData("error after a part", "answers with status 503", 0.6)]
    [InlineData("silent after a part", "sent no byte for 1 s", 0.6)]
    [InlineData("changed in between", "changed on the hub", 1)]
    [InlineData("page in place of JSON", "does not answer like a hub", 0)]
    [InlineData("page in place of the file", "answers with a page in place of " + File, 0)]
    public async Task A_fault_that_stays_is_one_line_and_the_next_pull_succeeds(string fault, string words, double fetchedAgain)
    {
        Arrange(fault);
        await using Node node = await StartAsync(fault.Contains("without", StringComparison.Ordinal) ? null : _hub.Token, fault == "silent after a part" ? "1" : null);

        (int code, _, string error) = await PullAsync(node);
        (_, JsonElement models) = await node.GetJsonAsync("/models");
        string[] directories = Directory.GetFileSystemEntries(node.Models);
        long sent = _hub.SentBytes;
        Repair();
        (int next, _, string reason) = await PullAsync(node);

        code.Should().Be(1);
        error.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1].Should().StartWith("Error: ").And.Contain(words);
        error.Split('\n').Count(static line => line.StartsWith("Error", StringComparison.Ordinal)).Should().Be(1);
        models.GetProperty("models").GetArrayLength().Should().Be(0);
        directories.Where(static path => !path.EndsWith(Name + ".partial", StringComparison.Ordinal)).Should().BeEmpty();
        if (fault.StartsWith("gated", StringComparison.Ordinal))
            directories.Should().BeEmpty("nothing was downloaded");
        next.Should().Be(0, reason);
        ShouldBe(node, fault == "changed in between" ? OtherModel : Model);
        _hub.TokenReachedStorage.Should().BeFalse();
        if (fetchedAgain is > 0 and < 1)
            (_hub.SentBytes - sent).Should().BeLessThan((long)(Size * fetchedAgain), "what has arrived is not fetched again");
    }

    private Fault? Passing(string fault, long from) => fault switch
    {
        "nothing" => null,
        "ranges ignored" => new() { IgnoresRange = true },
        "silent once" => Once(from / (64 << 20)) ? new() { SilentAfter = 3 * MB } : null,
        "cut in each part" => Once(from / (64 << 20)) ? new() { CutAfter = 3 * MB } : null,
        "slow" => new() { BytesPerSecond = (int)(60 * MB) },
        "busy once" => Once(0) ? new() { Status = 429, Headers = new Dictionary<string, string> { ["Retry-After"] = "0" } } : null,
        "error once" => Once(from) ? new() { Status = 502 } : null,
        "address expired" => Expire(from),
        "endless body" => new() { IsEndless = true, BytesPerSecond = (int)(100 * MB) },
        _ => throw new ArgumentOutOfRangeException(nameof(fault)),
    };

    private void Arrange(string fault)
    {
        StandInRepository repository = _hub.Add(Repository);
        repository.IsGated = fault == "gated without a token";
        _hub.HubFault = path => fault switch
        {
            "gated with a token" when path.Contains("/resolve/", StringComparison.Ordinal) => new() { Status = 403, Headers = new Dictionary<string, string> { ["X-Error-Code"] = "GatedRepo" } },
            "page in place of JSON" => new() { IsPage = true },
            _ => null,
        };
        _hub.StorageFault = (path, from) => path != File ? null : fault switch
        {
            "wrong length" => new() { Excess = 1000 },
            "wrong hash" => new() { FlipAt = 100 * MB },
            "busy" => new() { Status = 429, Headers = new Dictionary<string, string> { ["Retry-After"] = "3600" } },
            "error after a part" => from == 0 ? null : new() { Status = 503 },
            "silent after a part" => from == 0 ? null : new() { SilentAfter = 0 },
            "changed in between" => Change(repository, from),
            "page in place of the file" => new() { IsPage = true },
            _ => null,
        };
    }

    private void Repair()
    {
        _hub.Add(Repository).IsGated = false;
        _hub.HubFault = static _ => null;
        _hub.StorageFault = static (_, _) => null;
    }

    /// <summary>The first connection breaks, and afterwards the hub has another file under this name.</summary>
    private Fault? Change(StandInRepository repository, long from)
    {
        if (from > 0 || !Once(0))
            return null;
        repository.Add(File, OtherModel);
        _hub.ExpireSignatures();
        return new() { CutAfter = MB };
    }

    /// <summary>The first connection breaks, and afterwards its address has expired.</summary>
    private Fault? Expire(long from)
    {
        if (from > 0 || !Once(0))
            return null;
        _hub.ExpireSignatures();
        return new() { CutAfter = MB };
    }

    private bool Once(long key)
    {
        lock (_seen)
            return _seen.Add(key);
    }

    private Task<Node> StartAsync(string? token, string? timeout = null) => Node.StartAsync(
        "1.2.3", ["--port", "0"], ("HF_ENDPOINT", _hub.Address.ToString()), ("HF_HUB_OFFLINE", null), ("HF_TOKEN", token), ("HF_HUB_DOWNLOAD_TIMEOUT", timeout), ("RKLLAMA_TARGET_PLATFORM", "rk3588"));

    private static Task<(int Code, string Output, string Error)> PullAsync(Node node) => Tool.RunAsync(["pull", Repository], ("RKLLAMA_HOST", node.Address.ToString()));

    private static void ShouldBe(Node node, Content content)
    {
        using FileStream file = System.IO.File.OpenRead(Path.Combine(node.Models, Name, File));
        Convert.ToHexStringLower(SHA256.HashData(file)).Should().Be(content.Sha256);
        Directory.GetFileSystemEntries(node.Models).Should().ContainSingle();
    }
}
