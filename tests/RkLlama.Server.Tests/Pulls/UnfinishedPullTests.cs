using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RkLlama.Engine.Limits;
using RkLlama.Hub.Tests.StandIn;
using RkLlama.Server.Hosting;
using RkLlama.Server.Pulls;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Pulls;

/// <summary>A model whose download is not complete is known by the name that it gets.</summary>
public sealed class UnfinishedPullTests : IAsyncLifetime
{
    private const int Size = 5_000_000;
    private StandInHub _hub = null!;
    private TestServer _server = null!;

    public async Task InitializeAsync()
    {
        _hub = await StandInHub.StartAsync();
        _hub.Add("someone/Big").Add("m-w8a8-rk3588.rkllm", new Content(Size, 1)).Add("tokenizer.json", "{}");
        _hub.StorageFault = static (_, _) => new() { SilentAfter = 4_500_000 };
        _server = await TestServer.StartAsync(hubs: new() { HuggingFace = _hub.Address, StallTimeout = TimeSpan.FromHours(1) });
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _hub.DisposeAsync();
    }

    [Theory]
    [InlineData("Big")]
    [InlineData("big:latest")]
    public async Task A_request_with_the_name_joins_the_running_download(string name)
    {
        await StartAsync();

        Task<(HttpStatusCode Status, JsonElement Body)> joined = PullAsync(name);
        await Task.WhenAny(joined, EventuallyAsync(() => _server.Services.GetRequiredService<PullService>().Jobs is [{ ListenerCount: 2 }]));
        await StopAsync();

        (HttpStatusCode status, JsonElement body) = await joined;
        status.Should().Be(HttpStatusCode.ServiceUnavailable, "the shared download was stopped, and not '{0}'", body);
    }

    [Theory]
    [InlineData("Big")]
    [InlineData("big")]
    public async Task A_request_with_the_name_continues_an_interrupted_download(string name)
    {
        await StartAsync();
        await StopAsync();
        _hub.StorageFault = static (_, _) => null;
        long before = _hub.SentBytes;

        (HttpStatusCode status, JsonElement body) = await PullAsync(name);

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        (_hub.SentBytes - before).Should().BeLessThan(Size, "the kept bytes are not downloaded again");
        Directory.GetFileSystemEntries(_server.Models).Should().Equal(Path.Join(_server.Models, "Big"));
        (await File.ReadAllTextAsync(Path.Join(_server.Models, "Big", ".rkllama-source"))).Should().StartWith("source=someone/Big\nfile=m-w8a8-rk3588.rkllm\ncommit=");
    }

    [Fact]
    public async Task A_name_that_no_download_has_stays_unknown()
    {
        await StartAsync();

        (HttpStatusCode status, _) = await PullAsync("bigger");

        status.Should().Be(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_server_that_stops_ends_downloads_at_once_and_their_clients_get_an_error_line()
    {
        await StartAsync();
        Task<HttpResponseMessage> pull = _server.PostAsync("/api/pull", """{"model":"someone/Big"}""");
        PullService pulls = _server.Services.GetRequiredService<PullService>();
        await EventuallyAsync(() => pulls.Jobs is [{ ListenerCount: 2 }]);

        await ((DrainingLifetime)_server.Services.GetRequiredService<IHostLifetime>()).DrainAsync();

        using HttpResponseMessage response = await pull;
        string[] lines = (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines[^1].Should().Be("""{"error":"The pull was stopped. What is there is kept, and the next pull continues with it."}""");
        Func<PullJob> next = () => pulls.Join("someone/Big", null);
        next.Should().Throw<DrainingException>();
    }

    private async Task StartAsync()
    {
        await _server.PostJsonAsync("/node/pulls", """{"model":"someone/Big"}""");
        await EventuallyAsync(() => _server.Services.GetRequiredService<PullService>().Jobs is [{ CompletedBytes: > 4_000_000 }]);
    }

    private async Task StopAsync()
    {
        using HttpRequestMessage request = new(HttpMethod.Delete, "/api/pull") { Content = new StringContent("""{"model":"Big"}""") };
        using HttpResponseMessage response = await _server.Client.SendAsync(request);
        response.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    private Task<(HttpStatusCode Status, JsonElement Body)> PullAsync(string name) => _server.PostJsonAsync("/api/pull", $$"""{"model":"{{name}}","stream":false}""");
}
