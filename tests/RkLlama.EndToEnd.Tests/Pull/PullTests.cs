using System.Net;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;
using RkLlama.Hub.Tests.StandIn;

namespace RkLlama.EndToEnd.Tests.Pull;

/// <summary>The published server downloads models from a stand-in for the hubs.</summary>
public sealed class PullTests : IAsyncLifetime
{
    private const string Repository = "someone/Demo-RK3588-RKLLM-1.2.3", File = "demo-w8a8-rk3588.rkllm";
    private StandInHub _hub = null!;
    private Node _node = null!;

    public async Task InitializeAsync()
    {
        _hub = await StandInHub.StartAsync();
        _hub.Add(Repository).Add(File, new Content(System.IO.File.ReadAllBytes(TestPaths.DemoModel)));
        _hub.Add(Repository).BaseModels.Add("maker/Demo");
        StandInRepository origin = _hub.Add("maker/Demo");
        foreach (string name in (string[])["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"])
            origin.Add(name, System.IO.File.ReadAllText(Path.Combine(Path.GetDirectoryName(TestPaths.DemoModel)!, name)));
        _node = await StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        await _hub.DisposeAsync();
    }

    [Fact]
    public async Task A_pulled_model_answers()
    {
        List<JsonElement> lines = await PullAsync(Repository);

        lines[0].GetProperty("status").GetString().Should().Be("pulling manifest");
        lines[^1].GetRawText().Should().Be("""{"status":"success"}""");
        lines.Should().Contain(line => Text(line, "status") == "verifying sha256 digest").And.Contain(line => Text(line, "status") == "writing manifest");
        JsonElement last = lines.Last(line => Text(line, "digest")?.StartsWith("sha256:", StringComparison.Ordinal) == true);
        last.GetProperty("completed").GetInt64().Should().Be(last.GetProperty("total").GetInt64());
        string directory = Path.Combine(_node.Models, "Demo-RK3588-RKLLM-1.2.3");
        Directory.GetFiles(directory).Select(Path.GetFileName).Should().BeEquivalentTo(File, "Modelfile", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja", ".rkllama-source");
        (await System.IO.File.ReadAllTextAsync(Path.Combine(directory, "Modelfile"))).Should().Be($"FROM=\"{File}\"\nHUGGINGFACE_PATH=\"maker/Demo\"\nSYSTEM=\"\"\n");
        Directory.GetDirectories(_node.Models).Should().ContainSingle();
        (HttpStatusCode status, JsonElement body) = await _node.PostJsonAsync("/api/chat", """{"model":"Demo-RK3588-RKLLM-1.2.3","messages":[{"role":"user","content":"Hello"}],"stream":false}""");
        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        _hub.TokenReachedStorage.Should().BeFalse();
    }

    [Fact]
    public async Task A_pull_that_is_not_streamed_answers_at_its_end()
    {
        (HttpStatusCode status, JsonElement body) = await _node.PostJsonAsync("/api/pull", $$"""{"name":"hf.co/{{Repository}}","model":"","stream":false}""");

        (status, body.GetRawText()).Should().Be((HttpStatusCode.OK, """{"status":"success"}"""));
    }

    [Fact]
    public async Task A_model_that_is_there_asks_no_hub()
    {
        _node.AddModel("here");

        List<JsonElement> lines = await PullAsync("here");

        lines.Select(static line => line.GetProperty("status").GetString()).Should().Equal("'here' is already here", "success");
        _hub.Requests.Should().BeEmpty();
    }

    [Theory]
    [InlineData("nobody/nothing", "file does not exist")]
    [InlineData("nosuch", "file does not exist")]
    [InlineData("maker/Demo", "no .rkllm file")]
    public async Task A_model_that_does_not_exist_is_one_sentence(string name, string words)
    {
        (HttpStatusCode status, JsonElement body) = await _node.PostJsonAsync("/api/pull", $$"""{"model":"{{name}}","stream":false}""");

        status.Should().BeOneOf(HttpStatusCode.NotFound, HttpStatusCode.BadRequest);
        body.GetProperty("error").GetString().Should().Contain(words);
        Directory.GetFileSystemEntries(_node.Models).Should().BeEmpty();
    }

    [Fact]
    public async Task Two_clients_that_pull_a_model_share_one_download()
    {
        _hub.StorageFault = static (_, _) => new() { BytesPerSecond = 20_000 };

        Task<List<JsonElement>> one = PullAsync(Repository), other = PullAsync(Repository);
        await Task.WhenAll(one, other);

        (await one)[^1].GetProperty("status").GetString().Should().Be("success");
        (await other)[^1].GetProperty("status").GetString().Should().Be("success");
        _hub.Reads.Should().ContainSingle(static read => read.Path == File);
    }

    [Fact]
    public async Task A_pull_ends_with_its_last_client_and_the_next_one_continues_it()
    {
        _hub.Add(Repository).Files[File] = (new Content(30_000_000, 1), true);
        _hub.StorageFault = static (_, _) => new() { BytesPerSecond = 20_000_000 };
        await PullAsync(Repository, until: line => line.TryGetProperty("completed", out JsonElement done) && done.GetInt64() > 6_000_000);
        await WaitAsync(() => _node.Log.Contains("stopped before it was complete", StringComparison.Ordinal));
        long before = _hub.SentBytes;
        (await _node.GetJsonAsync("/models")).Body.GetProperty("models").GetArrayLength().Should().Be(0);
        _hub.StorageFault = static (_, _) => null;

        List<JsonElement> lines = await PullAsync(Repository);

        lines[^1].GetProperty("status").GetString().Should().Be("success");
        (_hub.SentBytes - before).Should().BeLessThan(25_000_000);
    }

    [Fact]
    public async Task A_download_with_a_wrong_bit_leaves_no_model()
    {
        _hub.StorageFault = static (path, _) => path == File ? new() { FlipAt = 100 } : null;

        List<JsonElement> lines = await PullAsync(Repository);

        lines[^1].GetProperty("error").GetString().Should().Contain("not what the hub promises");
        (await _node.GetJsonAsync("/models")).Body.GetProperty("models").GetArrayLength().Should().Be(0);
    }

    [Fact]
    public async Task A_server_that_is_killed_continues_the_download_after_its_start()
    {
        _hub.Add(Repository).Files[File] = (new Content(60_000_000, 1), true);
        _hub.StorageFault = static (_, _) => new() { BytesPerSecond = 40_000_000 };
        try
        {
            await PullAsync(Repository, until: line =>
            {
                if (line.TryGetProperty("completed", out JsonElement done) && done.GetInt64() > 20_000_000)
                    _node.Kill();
                return false;
            });
        }
        catch (Exception ex) when (ex is IOException or HttpRequestException)
        {
            // The connection has gone with the server.
        }

        await using Node next = await StartAsync(_node.Models);
        long before = _hub.SentBytes;
        _hub.StorageFault = static (_, _) => null;
        (HttpStatusCode status, JsonElement body) = await next.PostJsonAsync("/api/pull", $$"""{"model":"{{Repository}}","stream":false}""");

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        (_hub.SentBytes - before).Should().BeLessThan(45_000_000);
    }

    private Task<Node> StartAsync(string? models = null) => Node.StartAsync(
        "1.2.3", models is null ? null : ["--port", "0", "--models", models], ("HF_ENDPOINT", _hub.Address.ToString()), ("HF_HUB_OFFLINE", null), ("RKLLAMA_TARGET_PLATFORM", "rk3588"));

    private Task<List<JsonElement>> PullAsync(string model, Func<JsonElement, bool>? until = null) => PullRequest.SendAsync(_node, model, until);

    private static string? Text(JsonElement line, string name) => line.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

    private static async Task WaitAsync(Func<bool> condition)
    {
        for (int i = 0; i < 300 && !condition(); i++)
            await Task.Delay(50);
        condition().Should().BeTrue();
    }
}
