using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RkLlama.Engine.Models;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Api;

/// <summary>Operators and requests that load and unload models at the same time.</summary>
public sealed class LoadRaceTests : IDisposable
{
    private const string LoadM = """{"model_name":"m"}""";

    private readonly HeldRuns _held = new();

    // Loads wait until it is set, or until they are cancelled.
    private readonly TaskCompletionSource _allowed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Dispose() => _held.Dispose();

    private void HoldLoads()
    {
        Func<ModelLoadParameters, CancellationToken, Task<IEngineSession>> load = _held.Engine.Load;
        _held.Engine.Load = async (model, cancellationToken) =>
        {
            await _allowed.Task.WaitAsync(cancellationToken);
            return await load(model, cancellationToken);
        };
    }

    [Fact]
    public async Task An_unload_during_a_load_fails_the_load_and_the_requests_that_wait_for_it()
    {
        HoldLoads();
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        server.AddModel("m");
        Task<(HttpStatusCode Status, JsonElement Body)> loading = server.PostJsonAsync("/load_model", LoadM);
        await EventuallyAsync(() => server.Services.GetRequiredService<ModelHost>().RefusesLoads);
        Task<(HttpStatusCode Status, JsonElement Body)> asking = server.PostJsonAsync("/generate", Hello);
        await EventuallyAsync(() => server.Services.GetRequiredService<RunQueue>().Waiting == 1);

        (HttpStatusCode unload, _) = await server.PostJsonAsync("/unload_model", "");

        unload.Should().Be(HttpStatusCode.OK);
        (await loading).Status.Should().Be(HttpStatusCode.BadRequest);
        (await loading).Body.GetProperty("error").GetString().Should().Contain("unloaded meanwhile");
        (await asking).Status.Should().Be(HttpStatusCode.BadRequest);
        (await asking).Body.GetProperty("error").GetString().Should().Be("No models are currently loaded.");
        server.Log.Should().NotContain("Fault");
        _allowed.SetResult();
        (await server.PostJsonAsync("/load_model", LoadM)).Status.Should().Be(HttpStatusCode.OK);
        await _held.NextAnswerIsWholeAsync(server);
    }

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"Hi"}]}""")]
    [InlineData("/v1/embeddings", """{"model":"m","input":"Hi"}""")]
    [InlineData("/api/embed", """{"model":"m","input":"Hi"}""")]
    [InlineData("/api/embeddings", """{"model":"m","prompt":"Hi"}""")]
    [InlineData("/api/chat", """{"model":"m"}""")]
    [InlineData("/api/generate", """{"model":"m"}""")]
    public async Task A_request_that_loads_a_model_fails_if_the_model_is_unloaded_meanwhile(string path, string body)
    {
        HoldLoads();
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        server.AddModel("m");
        Task<(HttpStatusCode Status, JsonElement Body)> asking = server.PostJsonAsync(path, body);
        await EventuallyAsync(() => server.Services.GetRequiredService<ModelHost>().RefusesLoads);

        (await server.PostJsonAsync("/unload_model", "")).Status.Should().Be(HttpStatusCode.OK);

        (await asking).Status.Should().Be(HttpStatusCode.ServiceUnavailable);
        (await asking).Body.GetRawText().Should().Contain("Model m was unloaded while the request waited.");
        server.Log.Should().NotContain("Fault");
    }

    [Theory]
    [InlineData("/v1/embeddings", """{"model":"m","input":"Hi"}""")]
    [InlineData("/api/embed", """{"model":"m","input":"Hi"}""")]
    public async Task An_unload_fails_waiting_and_running_embeddings(string path, string body)
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        Task<(HttpStatusCode Status, JsonElement Body)> running = server.PostJsonAsync(path, body);
        await _held.NextAsync();
        Task<(HttpStatusCode Status, JsonElement Body)> waiting = server.PostJsonAsync(path, body);
        await EventuallyAsync(() => server.Services.GetRequiredService<RunQueue>().Waiting == 1);

        await server.PostJsonAsync("/unload_model", "");

        // The run is aborted, or its session ends first.
        (await running).Status.Should().Be(HttpStatusCode.InternalServerError);
        (await running).Body.GetRawText().Should().Contain("unloaded while it answered");
        (await waiting).Status.Should().Be(HttpStatusCode.ServiceUnavailable);
        (await waiting).Body.GetRawText().Should().Contain("Model m was unloaded while the request waited.");
        server.Log.Should().NotContain("Fault");
    }

    [Fact]
    public async Task A_request_that_only_loads_does_not_reload_a_model_that_was_unloaded_while_it_waited()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        Task<(HttpStatusCode Status, JsonElement Body)> running = server.PostJsonAsync("/generate", Hello);
        await _held.NextAsync();
        Task<(HttpStatusCode Status, JsonElement Body)> loading = server.PostJsonAsync("/api/generate", """{"model":"m"}""");
        await EventuallyAsync(() => server.Services.GetRequiredService<RunQueue>().Waiting == 1);

        await server.PostJsonAsync("/unload_model", "");

        (await running).Status.Should().Be(HttpStatusCode.InternalServerError);
        (await loading).Status.Should().Be(HttpStatusCode.ServiceUnavailable);
        (await server.PostJsonAsync("/load_model", LoadM)).Status.Should().Be(HttpStatusCode.OK);
        await _held.NextAnswerIsWholeAsync(server);
    }

    [Fact]
    public async Task An_unload_while_the_preloaded_model_loads_again_leaves_the_server_working()
    {
        FakeTimeProvider time = new();
        await using TestServer server = await TestServer.StartAsync(_held.Engine, time: time);
        server.AddModel("m");
        ModelHost host = server.Services.GetRequiredService<ModelHost>();
        await host.PreloadAsync(server.Services.GetRequiredService<ModelCatalog>().Find("m"));
        HoldLoads();
        await host.StopWorkerAsync("m");
        await EventuallyAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return host.Status.State == ModelState.Loading;
        });

        (HttpStatusCode unload, _) = await server.PostJsonAsync("/unload_model", "");
        _allowed.SetResult();

        unload.Should().Be(HttpStatusCode.OK);
        (await server.PostJsonAsync("/load_model", LoadM)).Status.Should().Be(HttpStatusCode.OK, "the server goes on");
        await _held.NextAnswerIsWholeAsync(server);
        server.Log.Should().NotContain("BackgroundService").And.NotContain("   at ");
    }

    [Fact]
    public async Task One_of_many_simultaneous_loads_wins()
    {
        HoldLoads();
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        server.AddModel("m");
        server.AddModel("n");

        Task<(HttpStatusCode Status, JsonElement Body)>[] loads =
            [.. Enumerable.Range(0, 8).Select(i => server.PostJsonAsync("/load_model", $$"""{"model_name":"{{"mn"[i % 2]}}"}"""))];
        await EventuallyAsync(() => loads.Count(load => load.IsCompleted) == 7);
        _allowed.SetResult();
        (HttpStatusCode Status, JsonElement Body)[] answers = await Task.WhenAll(loads);

        answers.Count(answer => answer.Status == HttpStatusCode.OK).Should().Be(1);
        answers.Where(answer => answer.Status != HttpStatusCode.OK).Should().HaveCount(7).And.OnlyContain(answer =>
            answer.Status == HttpStatusCode.BadRequest && answer.Body.GetProperty("error").GetString() == "A model is already loaded. Please unload it first.");
        _held.Engine.Sessions.Should().ContainSingle();
    }
}
