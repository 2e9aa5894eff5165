using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Store;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Hosting;

/// <summary>The model that the server preloads at start. A failed preload is retried.</summary>
public sealed class PreloadTests : IDisposable
{
    private readonly HeldRuns _held = new();
    private readonly FakeTimeProvider _time = new();
    private int _failures;
    private int _attempts;

    public void Dispose() => _held.Dispose();

    private async Task<TestServer> StartAsync(int failures)
    {
        Func<ModelLoadParameters, CancellationToken, Task<IEngineSession>> load = _held.Engine.Load;
        _failures = failures;
        _held.Engine.Load = (model, cancellationToken) =>
            Interlocked.Increment(ref _attempts) <= _failures ? throw new EngineException("failed to open rknpu module") : load(model, cancellationToken);
        TestServer server = await TestServer.StartAsync(_held.Engine, time: _time);
        server.AddModel("m");
        return server;
    }

    private static void Make(TestServer server, string name) =>
        server.Services.GetRequiredService<ModelStore>().Copy("m", name);

    private ModelPreloader New(TestServer server, string model = "m", Downloads? downloads = null, Readiness? readiness = null) => new(
        server.Services.GetRequiredService<NodeOptions>() with { Preload = [model] },
        server.Services.GetRequiredService<ModelCatalog>(),
        server.Services.GetRequiredService<ModelHost>(),
        server.Services.GetRequiredService<RunQueue>(),
        _held.Engine,
        readiness ?? server.Services.GetRequiredService<Readiness>(),
        _time,
        NullLogger<ModelPreloader>.Instance,
        server.Services.GetRequiredService<ModelStore>(),
        downloads);

    [Fact]
    public async Task A_preload_that_fails_is_tried_again_until_it_succeeds()
    {
        await using TestServer server = await StartAsync(failures: 3);
        using ModelPreloader preloader = New(server);
        Readiness readiness = server.Services.GetRequiredService<Readiness>();
        await preloader.StartAsync(CancellationToken.None);
        await EventuallyAsync(() => readiness.Evaluate().Status == "failed");
        (HttpStatusCode ready, JsonElement reason) = await server.GetJsonAsync("/ready");

        await EventuallyAsync(() =>
        {
            if (_attempts < 4)
                _time.Advance(TimeSpan.FromSeconds(30));
            return readiness.Evaluate().Status == "ready";
        });

        ready.Should().Be(HttpStatusCode.ServiceUnavailable);
        reason.GetProperty("reason").GetString().Should().Contain("failed to open rknpu module");
        (await server.GetJsonAsync("/current_model")).Status.Should().Be(HttpStatusCode.OK);
        await preloader.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_preload_that_fails_is_not_tried_again_when_the_operator_has_loaded_another()
    {
        await using TestServer server = await StartAsync(failures: 1);
        server.AddModel("n");
        using ModelPreloader preloader = New(server);
        await preloader.StartAsync(CancellationToken.None);
        await EventuallyAsync(() => server.Services.GetRequiredService<Readiness>().Evaluate().Status == "failed");

        (await server.PostAsync("/load_model", """{"model_name":"n"}""")).StatusCode.Should().Be(HttpStatusCode.OK);
        await server.PostAsync("/unload_model", "");
        await EventuallyAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(30));
            return preloader.ExecuteTask!.IsCompleted;
        });

        _attempts.Should().Be(2);
        (await server.GetJsonAsync("/current_model")).Status.Should().Be(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_model_that_is_still_being_downloaded_is_loaded_when_it_is_there()
    {
        await using TestServer server = await StartAsync(failures: 0);
        Downloads downloads = new() { Current = new(IsActive: true, "is being downloaded: 1 of 2 MB.") };
        Readiness readiness = new(server.Services.GetRequiredService<ModelHost>(), server.Services.GetRequiredService<RunQueue>(), downloads);
        using ModelPreloader preloader = New(server, "owner/new", downloads, readiness);
        await preloader.StartAsync(CancellationToken.None);

        await EventuallyAsync(() => readiness.Evaluate() == new Engine.Diagnostics.ReadyReply("loading", "Model owner/new is being downloaded: 1 of 2 MB."));
        downloads.Current = new(IsActive: false, "is not there: the hub does not answer.");
        readiness.Evaluate().Should().Be(new Engine.Diagnostics.ReadyReply("failed", "Model owner/new is not there: the hub does not answer."));
        Make(server, "new");

        await EventuallyAsync(() => readiness.Evaluate().Status == "ready");
        server.Services.GetRequiredService<ModelHost>().PreloadedModels.Should().ContainSingle().Which.Name.Should().Be("new");
        await preloader.ExecuteTask!;
        _attempts.Should().Be(1);
        downloads.Asked.Should().OnlyContain(static name => name == "owner/new");
    }

    [Fact]
    public async Task A_model_that_arrives_while_a_request_uses_another_one_becomes_the_preloaded_one()
    {
        await using TestServer server = await StartAsync(failures: 0);
        ModelHost host = server.Services.GetRequiredService<ModelHost>();
        using ModelPreloader preloader = New(server, "new", new() { Current = new(IsActive: true, "is being downloaded.") });
        await preloader.StartAsync(CancellationToken.None);
        await EventuallyAsync(() => server.Services.GetRequiredService<Readiness>().Evaluate().Status == "failed");
        Task<HttpResponseMessage> answer = server.PostAsync("/api/generate", """{"model":"m","prompt":"Hi","stream":false,"keep_alive":"1m"}""");
        FakeRun run = await _held.NextAsync();

        Make(server, "new");
        run.End(Native.RunEndReason.Stop);
        (await answer).Dispose();
        await preloader.ExecuteTask!.WaitAsync(Patience);
        host.Current!.Name.Should().Be("m");

        await EventuallyAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            return host.Current?.Name == "new";
        });
        host.Current!.IdleTimer.Should().BeNull();
    }

    [Fact]
    public async Task A_preloaded_model_that_fails_to_load_again_is_retried()
    {
        await using TestServer server = await StartAsync(failures: 0);
        ModelHost host = server.Services.GetRequiredService<ModelHost>();
        await host.PreloadAsync(server.Services.GetRequiredService<ModelCatalog>().Find("m"));
        _failures = 3;
        await host.StopWorkerAsync("m");

        await EventuallyAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            return host.Status.State == ModelState.Ready;
        });

        _attempts.Should().Be(4);
        server.Log.Should().Contain("could not be loaded again, next attempt in 60 s: failed to open rknpu module");
    }

    /// <summary>The downloads as a test gives them. A model has the last part of its name.</summary>
    private sealed class Downloads : IModelDownloads
    {
        internal ModelDownload? Current { get; set; }

        internal System.Collections.Concurrent.ConcurrentQueue<string> Asked { get; } = new();

        public string LocalNameOf(string requested) => requested[(requested.LastIndexOf('/') + 1)..];

        public ModelDownload? FindDownload(string requested)
        {
            Asked.Enqueue(requested);
            return Current;
        }
    }
}
