using System.Net;
using System.Text;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;
using RkLlama.Hub.Tests.StandIn;

namespace RkLlama.EndToEnd.Tests.Pull;

/// <summary>Downloads that are stopped, downloads at start, and models that are preloaded when their download ends.</summary>
public sealed class PullStopTests : IAsyncLifetime
{
    private const string Repository = "someone/Demo-RK3588-RKLLM-1.2.3", Name = "Demo-RK3588-RKLLM-1.2.3", File = "demo-w8a8-rk3588.rkllm";
    private StandInHub _hub = null!;

    public async Task InitializeAsync()
    {
        _hub = await StandInHub.StartAsync();
        _hub.Add(Repository).Add(File, new Content(System.IO.File.ReadAllBytes(TestPaths.DemoModel)));
        foreach (string name in (string[])["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"])
            _hub.Add(Repository).Add(name, System.IO.File.ReadAllText(Path.Combine(Path.GetDirectoryName(TestPaths.DemoModel)!, name)));
    }

    public async Task DisposeAsync() => await _hub.DisposeAsync();

    [Theory]
    [InlineData(Repository)]
    [InlineData(Name)]
    public async Task A_stop_ends_a_download_for_all_clients_and_keeps_what_is_there(string stopped)
    {
        _hub.Add(Repository).Add(File, new Content(40_000_000, 1));
        await using Node node = await StartAsync();
        string partial = Path.Combine(node.Models, Name + ".partial");
        _hub.StorageFault = static (_, _) => new() { SilentAfter = 8_000_000 };
        Task<string[]> one = PullAsync(node, "/api/pull"), other = PullAsync(node, "/pull");
        Task<(HttpStatusCode Status, JsonElement Body)> whole = node.PostJsonAsync("/api/pull", $$"""{"model":"{{Repository}}","stream":false}""");
        await node.EventuallyAsync(
            () => Directory.Exists(partial) && Directory.EnumerateFiles(partial, "*.part").Any(static file => new FileInfo(file).Length > 0), "the download should run");

        (int code, string output, string error) = await Tool.RunAsync(["stop", stopped], ("RKLLAMA_HOST", node.Address.ToString()));

        (code, error).Should().Be((0, ""));
        output.Should().StartWith($"stopped the download of '{stopped}'. What is there is kept");
        (await one)[^1].Should().Be("""{"error":"The pull was stopped. What is there is kept, and the next pull continues with it."}""");
        (await other)[^1].Should().Be("Error: The pull was stopped. What is there is kept, and the next pull continues with it.");
        (await whole).Status.Should().Be(HttpStatusCode.ServiceUnavailable);
        Directory.Exists(partial).Should().BeTrue();
        (await node.GetJsonAsync("/health")).Body.TryGetProperty("downloads", out _).Should().BeFalse();
        _hub.StorageFault = static (_, _) => null;
        (await PullAsync(node, "/api/pull"))[^1].Should().Be("""{"status":"success"}""");
    }

    [Fact]
    public async Task A_stop_of_a_name_that_nobody_pulls_is_an_error_of_the_command()
    {
        await using Node node = await StartAsync();

        (int code, _, string error) = await Tool.RunAsync(["stop", "nothing"], ("RKLLAMA_HOST", node.Address.ToString()));

        (code, error).Should().Be((1, "Error: couldn't find model \"nothing\" to stop\n"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_download_at_start_that_is_stopped_is_not_tried_again(bool isRunning)
    {
        _hub.StorageFault = isRunning ? static (_, _) => new() { SilentAfter = 1000 } : static (_, _) => null;
        _hub.HubFault = isRunning ? static _ => null : static _ => new() { Status = 404 };
        await using Node node = await StartAsync("--pull", Repository);
        await (isRunning ? node.EventuallyAsync(() => _hub.SentBytes >= 1000, "the download should run") : node.LogsAsync("could not be pulled, next attempt"));

        using HttpResponseMessage stop = await StopAsync(node, Repository);
        int requests = _hub.Requests.Count;

        (await stop.Content.ReadAsStringAsync()).Should().Be("""{"status":"stopped"}""" + "\n");
        await node.LogsAsync("Pull of " + Repository + " was stopped");
        (await node.GetJsonAsync("/health")).Body.GetProperty("downloads").GetRawText().Should().Be($$"""[{"model":"{{Name}}","completed_bytes":0,"total_bytes":0,"error":"the download was stopped"}]""");
        (await node.GetJsonAsync("/ready")).Status.Should().Be(HttpStatusCode.OK);
        using HttpResponseMessage again = await StopAsync(node, Repository);
        again.StatusCode.Should().Be(HttpStatusCode.NotFound);
        _hub.Requests.Should().HaveCount(requests);
    }

    [Theory]
    [InlineData(Repository)]
    [InlineData(Name)]
    public async Task A_new_node_pulls_its_model_loads_it_and_answers(string preloaded)
    {
        TaskCompletionSource release = new();
        _hub.StorageFault = (_, _) => release.Task.IsCompleted ? null : new() { SilentAfter = 1000 };
        await using Node node = await StartAsync("--pull", Repository, "--preload", preloaded);
        await node.EventuallyAsync(() => _hub.SentBytes >= 1000, "the download should run");
        (HttpStatusCode during, JsonElement loading) = await node.GetJsonAsync("/ready");
        using HttpResponseMessage early = await node.Client.PostAsync("/generate", new StringContent(Node.Chat("Hello")));

        // The download waits for bytes that never come, so it is stopped, and the model comes with another pull.
        using HttpResponseMessage stop = await StopAsync(node, Name);
        (HttpStatusCode stopped, JsonElement reason) = await node.GetJsonAsync("/ready");
        release.SetResult();
        (await PullAsync(node, "/api/pull"))[^1].Should().Be("""{"status":"success"}""");
        await node.EventuallyAsync(() => node.GetJsonAsync("/ready").GetAwaiter().GetResult().Status == HttpStatusCode.OK, "the model should be loaded");

        during.Should().Be(HttpStatusCode.ServiceUnavailable);
        loading.GetProperty("status").GetString().Should().Be("loading");
        loading.GetProperty("reason").GetString().Should().StartWith($"Model {preloaded} is being downloaded");
        early.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        (stopped, reason.GetRawText()).Should().Be((HttpStatusCode.ServiceUnavailable, $$"""{"status":"failed","reason":"Model {{preloaded}} is not there: the download was stopped."}"""));
        (await node.AskAsync("!echo by myself")).Should().Be("by myself");
        node.Trace("rkllm_init").Count(entry => entry.GetRawText().Contains(Name, StringComparison.Ordinal)).Should().Be(1);
    }

    [Fact]
    public async Task A_preload_follows_a_download_that_has_failed_first()
    {
        _hub.HubFault = static _ => new() { Status = 404 };
        await using Node node = await StartAsync("--pull", Repository, "--preload", Name);
        await node.LogsAsync("could not be pulled, next attempt");
        (_, JsonElement failed) = await node.GetJsonAsync("/ready");
        _hub.HubFault = static _ => null;

        (await PullAsync(node, "/api/pull"))[^1].Should().Be("""{"status":"success"}""");
        await node.EventuallyAsync(() => node.GetJsonAsync("/ready").GetAwaiter().GetResult().Status == HttpStatusCode.OK, "the model should be loaded");

        failed.GetProperty("status").GetString().Should().Be("failed");
        failed.GetProperty("reason").GetString().Should().StartWith($"Model {Name} is not there: ");
        (await node.GetJsonAsync("/current_model")).Body.GetProperty("model").GetString().Should().Be(Name);
    }

    [Fact]
    public async Task Run_says_how_large_a_model_is_before_it_downloads_it()
    {
        await using Node node = await StartAsync();

        (int code, string output, string error) = await Tool.RunAsync(["run", Repository, "!echo first answer"], ("RKLLAMA_HOST", node.Address.ToString()));

        (code, output).Should().Be((0, "first answer\n"));
        error.Should().MatchRegex($"^The node does not have '{Repository}' yet. It downloads it now:\npulling manifest\n{File} of {Repository} .*\ndownloading [0-9.]+ KB\npulling [^\n]+: ");
    }

    [Theory]
    [InlineData(Repository)]
    [InlineData("hf.co/" + Repository)]
    [InlineData(Repository + "/" + File)]
    public async Task The_same_command_answers_again_without_a_second_download(string model)
    {
        await using Node node = await StartAsync();
        await Tool.RunAsync(["run", model, "!echo first"], ("RKLLAMA_HOST", node.Address.ToString()));
        int reads = _hub.Reads.Count;

        (int code, string output, string error) = await Tool.RunAsync(["run", model, "!echo second"], ("RKLLAMA_HOST", node.Address.ToString()));
        (int pull, string said, _) = await Tool.RunAsync(["pull", model], ("RKLLAMA_HOST", node.Address.ToString()));

        (code, output, error).Should().Be((0, "second\n", ""));
        pull.Should().Be(0);
        said.Should().Contain(" is already here (from " + Repository).And.Contain("rkllama run ");
        _hub.Reads.Should().HaveCount(reads);
    }

    [Fact]
    public async Task A_model_can_be_made_of_one_that_has_to_be_downloaded()
    {
        await using Node node = await StartAsync();

        string[] lines = await LinesAsync(node, "/api/create", $$"""{"model":"mine","from":"{{Repository}}","messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yes?"}]}""");

        lines[0].Should().Be("""{"status":"pulling manifest"}""");
        lines[^1].Should().Be("""{"status":"success"}""");
        lines.Count(static line => line.Contains("success", StringComparison.Ordinal)).Should().Be(1);
        lines.Should().ContainSingle(static line => line.Contains("creating new layer sha256:", StringComparison.Ordinal));
        (await node.GetJsonAsync("/models")).Body.GetProperty("models").EnumerateArray().Select(static name => name.GetString()).Should().Equal(Name, "mine");
    }

    private Task<Node> StartAsync(params string[] arguments) => Node.StartAsync(
        "1.2.3", ["--port", "0", .. arguments], ("HF_ENDPOINT", _hub.Address.ToString()), ("HF_HUB_OFFLINE", null), ("RKLLAMA_TARGET_PLATFORM", "rk3588"));

    private static Task<HttpResponseMessage> StopAsync(Node node, string model) =>
        node.Client.SendAsync(new(HttpMethod.Delete, "/api/pull") { Content = new StringContent($$"""{"model":"{{model}}"}""", Encoding.UTF8, "application/json") });

    private static Task<string[]> PullAsync(Node node, string path) => LinesAsync(node, path, $$"""{"model":"{{Repository}}"}""");

    private static async Task<string[]> LinesAsync(Node node, string path, string body)
    {
        using HttpResponseMessage response = await node.Client.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));
        return (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
