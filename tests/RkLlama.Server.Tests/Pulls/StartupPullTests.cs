using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using RkLlama.Engine.Tests.Support;
using RkLlama.Hub.Tests.StandIn;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Pulls;

/// <summary>The models of the setting <c>--pull</c>.</summary>
public sealed class StartupPullTests : IAsyncLifetime
{
    private const string Repository = "someone/Model", Name = "Model";
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private StandInHub _hub = null!;

    public async Task InitializeAsync()
    {
        _hub = await StandInHub.StartAsync();
        _hub.Add(Repository).Add("m-w8a8-rk3588.rkllm", new Content([.. Enumerable.Repeat((byte)7, 4096)])).Add("tokenizer.json", "{}").Add("tokenizer_config.json", "{}");
    }

    public async Task DisposeAsync() => await _hub.DisposeAsync();

    [Fact]
    public async Task A_download_that_fails_is_tried_again_and_the_preloaded_model_is_loaded_then()
    {
        _hub.HubFault = static _ => new() { Status = 404 };
        await using TestServer server = await TestServer.StartAsync(
            configure: static options => options with { Pulls = [Repository], Preload = [Name] }, time: _time, hubs: new() { HuggingFace = _hub.Address });
        await EventuallyAsync(() => server.Log.Contains("next attempt in 30 s", StringComparison.Ordinal));
        (HttpStatusCode waiting, JsonElement reason) = await server.GetJsonAsync("/ready");
        (_, JsonElement health) = await server.GetJsonAsync("/health");
        int requests = _hub.Requests.Count;

        _time.Advance(TimeSpan.FromSeconds(29));
        int before = _hub.Requests.Count;
        _time.Advance(TimeSpan.FromSeconds(1));
        await EventuallyAsync(() => server.Log.Contains("next attempt in 60 s", StringComparison.Ordinal));
        _hub.HubFault = static _ => null;
        _time.Advance(TimeSpan.FromSeconds(60));
        await EventuallyAsync(() => IsReady(server));

        (waiting, reason.GetProperty("status").GetString()).Should().Be((HttpStatusCode.ServiceUnavailable, "failed"));
        reason.GetProperty("reason").GetString().Should().StartWith($"Model {Name} is not there: ");
        health.GetProperty("downloads")[0].GetProperty("error").GetString().Should().NotBeEmpty();
        before.Should().Be(requests, "the first delay has not passed");
        (await server.GetJsonAsync("/current_model")).Body.GetProperty("model").GetString().Should().Be(Name);
        (await server.GetJsonAsync("/health")).Body.TryGetProperty("downloads", out _).Should().BeFalse();
        MetricsPage metrics = await server.MetricsAsync();
        (metrics["rkllama_pull_failures_total{cause=\"not_found\"}"], metrics["rkllama_pull_bytes_total"]).Should().Be((2, 4100), "two attempts failed, and the third one brought all files");
    }

    [Fact]
    public async Task The_log_has_the_progress_once_a_minute()
    {
        _hub.Add(Repository).Add("m-w8a8-rk3588.rkllm", new Content(5_000_000, 1));
        _hub.StorageFault = static (_, _) => new() { SilentAfter = 1_500_000 };
        await using TestServer server = await TestServer.StartAsync(
            configure: static options => options with { Pulls = [Repository] }, time: _time, hubs: new() { HuggingFace = _hub.Address, StallTimeout = TimeSpan.FromHours(1) });
        await EventuallyAsync(() => _hub.SentBytes >= 1_500_000);

        _time.Advance(TimeSpan.FromSeconds(59));
        string before = server.Log;
        _time.Advance(TimeSpan.FromSeconds(1));
        await EventuallyAsync(() => server.Log.Contains(" of 5 MB", StringComparison.Ordinal));

        before.Should().NotContain(" of 5 MB");
        server.Log.Should().MatchRegex($"Pull of {Repository}: [01] of 5 MB");
        (await server.GetJsonAsync("/ready")).Status.Should().Be(HttpStatusCode.OK, "the state of the node does not depend on it");
    }

    [Fact]
    public async Task A_model_of_another_node_is_brought_when_that_node_shares_it()
    {
        await using TestServer source = await TestServer.StartAsync(configure: static options => options with { SharesModels = true, ApiKey = "secret" });
        await using TestServer target = await TestServer.StartAsync(
            configure: options => options with { Pulls = [$"{source.Address}m"], Preload = ["m"], ApiKey = "secret" }, time: _time);
        target.Client.DefaultRequestHeaders.Authorization = new("Bearer", "secret");
        await EventuallyAsync(() => target.Log.Contains("next attempt in 30 s", StringComparison.Ordinal));
        (_, JsonElement health) = await target.GetJsonAsync("/health");
        source.AddModel("m", "FROM=\"m.rkllm\"\nTEMPERATURE=0.5\n");

        _time.Advance(TimeSpan.FromSeconds(30));
        await EventuallyAsync(() =>
        {
            // The other node computes hashes, and this one asks again each second.
            _time.Advance(TimeSpan.FromMilliseconds(100));
            return IsReady(target);
        });

        health.GetProperty("downloads")[0].GetProperty("model").GetString().Should().Be("m");
        health.GetProperty("downloads")[0].GetProperty("error").GetString().Should().Contain($"{source.Address.Authority} has no model 'm'");
        (await File.ReadAllTextAsync(Path.Join(target.Models, "m", "Modelfile"))).Should().Contain("0.5");
        (await target.GetJsonAsync("/current_model")).Body.GetProperty("model").GetString().Should().Be("m");
    }

    private static bool IsReady(TestServer server) => server.GetJsonAsync("/ready").GetAwaiter().GetResult().Status == HttpStatusCode.OK;
}
