using System.Net;
using System.Text.Json;
using RkLlama.Hub.Tests.StandIn;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Pulls;

/// <summary>What a pull leaves that cannot start or is refused by the hub, and what it says.</summary>
public sealed class PullRefusalTests : IAsyncLifetime
{
    private StandInHub _hub = null!;
    private TestServer _server = null!;

    public async Task InitializeAsync()
    {
        _hub = await StandInHub.StartAsync();
        _hub.Add("own/gated").Add("m.rkllm", new Content(5000, 1)).Add("tokenizer.json", "{}").IsGated = true;
        _server = await TestServer.StartAsync(hubs: new() { HuggingFace = _hub.Address, RetryDelay = TimeSpan.FromMilliseconds(5) });
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _hub.DisposeAsync();
    }

    [Fact]
    public async Task A_gated_model_leaves_nothing()
    {
        (HttpStatusCode status, JsonElement body) = await PullAsync("own/gated");

        status.Should().Be(HttpStatusCode.Forbidden, "{0}", body);
        Directory.GetFileSystemEntries(_server.Models).Should().BeEmpty();
    }

    [Theory]
    [InlineData("nosuchname", null)]
    [InlineData("nosuchname", "mine")]
    [InlineData("https://evil.example/own/good", "mine")]
    [InlineData("hf.co/own", null)]
    public async Task A_name_that_is_not_valid_is_no_failure_of_a_pull(string model, string? name)
    {
        (HttpStatusCode status, _) = await PullAsync(model, name);
        string metrics = await _server.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative));

        status.Should().Be(HttpStatusCode.BadRequest);
        string[] failures = [.. metrics.Split('\n').Where(static line => line.StartsWith("rkllama_pull_failures_total{", StringComparison.Ordinal))];
        failures.Should().NotBeEmpty().And.OnlyContain(static line => line.EndsWith(" 0", StringComparison.Ordinal)).And.NotContain(static line => line.Contains("invalid_name", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("own/x:q4_0", null, false)]
    [InlineData("own/x", "a/b", false)]
    [InlineData("own/x", "a b", false)]
    [InlineData("own/x", "it's", false)]
    [InlineData("nosuchname", null, true)]
    [InlineData("own/nothing", null, true)]
    public async Task The_error_has_the_text_of_ollama_only_if_there_is_no_such_model(string model, string? name, bool expected)
    {
        (HttpStatusCode status, JsonElement body) = await PullAsync(model, name);

        ((int)status).Should().BeInRange(400, 404);
        body.GetProperty("error").GetString()!.StartsWith("pull model manifest: file does not exist", StringComparison.Ordinal).Should().Be(expected, "{0}", body);
    }

    [Fact]
    public async Task The_root_directory_gives_no_name()
    {
        (HttpStatusCode status, JsonElement body) = await PullAsync("/");

        status.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("error").GetString().Should().Contain("'/' does not say which name the model gets: 'rkllama pull / NAME' does");
    }

    [Fact]
    public async Task A_missing_repository_of_ModelScope_names_the_token_of_ModelScope()
    {
        await using TestServer server = await TestServer.StartAsync(hubs: new() { ModelScope = _hub.Address });

        (HttpStatusCode status, JsonElement body) = await server.PostJsonAsync("/api/pull", """{"model":"modelscope.cn/own/nothing","stream":false}""");

        status.Should().Be(HttpStatusCode.NotFound);
        body.GetProperty("error").GetString().Should().Contain("MODELSCOPE_API_TOKEN").And.NotContain("HF_TOKEN");
    }

    [Fact]
    public async Task A_models_directory_that_does_not_exist_is_empty_and_the_first_pull_creates_it()
    {
        string models = Path.Combine(_server.Models, "below", "models");
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { ModelsDirectory = models }, hubs: new() { HuggingFace = _hub.Address });
        _hub.Add("own/good").Add("m.rkllm", new Content(5000, 1));

        (HttpStatusCode listed, JsonElement list) = await server.GetJsonAsync("/api/tags");
        (HttpStatusCode shown, _) = await server.PostJsonAsync("/api/show", """{"model":"m"}""");
        (HttpStatusCode pulled, JsonElement body) = await server.PostJsonAsync("/api/pull", """{"model":"own/good","stream":false}""");

        (listed, list.GetRawText(), shown).Should().Be((HttpStatusCode.OK, """{"models":[]}""", HttpStatusCode.NotFound));
        pulled.Should().Be(HttpStatusCode.OK, "{0}", body);
        File.Exists(Path.Combine(models, "good", "m.rkllm")).Should().BeTrue();
    }

    private Task<(HttpStatusCode Status, JsonElement Body)> PullAsync(string model, string? name = null) =>
        _server.PostJsonAsync("/api/pull", $$"""{"model":"{{model}}","model_name":"{{name}}","stream":false}""");
}
