using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RkLlama.Engine.Models;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Api;

/// <summary>Requests load the model that they name. Idle models are unloaded, except those that the operator loaded.</summary>
public sealed class ModelSwitchTests : IDisposable
{
    private readonly HeldRuns _held = new();
    private readonly FakeTimeProvider _time = new();

    public void Dispose() => _held.Dispose();

    [Fact]
    public async Task A_request_loads_the_model_it_names_and_unloads_the_previous_one()
    {
        await using TestServer server = await StartAsync(new FakeEngine());

        await AnswerAsync(server, "a");
        await AnswerAsync(server, "b");

        server.Engine.Sessions.Select(session => session.Model.Name).Should().Equal("a", "b");
        server.Engine.Sessions[0].IsDisposed.Should().BeTrue();
        (await server.GetJsonAsync("/current_model")).Body.GetProperty("model").GetString().Should().Be("b");
    }

    [Fact]
    public async Task Requests_for_the_loaded_model_come_before_a_switch_for_a_limited_time()
    {
        await using TestServer server = await StartAsync(_held.Engine);
        List<Task> asking = [];
        foreach (string model in (string[])["a", "b", "a", "b", "a"])
        {
            asking.Add(AnswerAsync(server, model));
            await EventuallyAsync(() => server.QueueLength == asking.Count - 1 && _held.Count == 1);
        }

        List<string> order = [];
        for (int i = 0; i < 5; i++)
        {
            FakeRun run = await _held.NextAsync();
            order.Add(run.Prompt.Contains("Hi a", StringComparison.Ordinal) ? "a" : "b");

            // During the second run, the time that a model may keep the NPU expires. The first request in the queue is then next, even if it needs
            // another model.
            if (i == 1)
                _time.Advance(TimeSpan.FromSeconds(31));
            run.End(RunEndReason.Stop);
        }

        await Task.WhenAll(asking);
        order.Should().Equal("a", "a", "b", "b", "a");
        server.Engine.Sessions.Select(session => session.Model.Name).Should().Equal("a", "b", "a");
    }

    [Fact]
    public async Task A_model_that_a_request_loaded_is_unloaded_after_its_idle_time()
    {
        await using TestServer server = await StartAsync(new FakeEngine());
        await AnswerAsync(server, "a");

        await AdvanceUntilAsync(TimeSpan.FromSeconds(290), () => true);
        server.Engine.Sessions[0].IsDisposed.Should().BeFalse();
        await AdvanceUntilAsync(TimeSpan.FromSeconds(30), () => server.Engine.Sessions[0].IsDisposed);

        (await server.GetJsonAsync("/current_model")).Status.Should().Be(HttpStatusCode.NotFound);
        await AnswerAsync(server, "a");
        server.Engine.Sessions.Should().HaveCount(2);
    }

    [Theory]
    [InlineData("2", 10)]
    [InlineData("\"2s\"", 10)]
    [InlineData("\"10m\"", 700)]
    [InlineData("\"1h0m5s\"", 3700)]
    public async Task Keep_alive_sets_the_idle_time(string keepAlive, int seconds)
    {
        await using TestServer server = await StartAsync(new FakeEngine());
        await AskOllamaAsync(server, $$"""{"model":"a","messages":[{"role":"user","content":"Hi"}],"stream":false,"keep_alive":{{keepAlive}}}""");

        await AdvanceUntilAsync(TimeSpan.FromSeconds(seconds), () => server.Engine.Sessions[0].IsDisposed);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("\"-1\"")]
    [InlineData("\"-1m\"")]
    public async Task A_negative_keep_alive_has_no_limit(string keepAlive)
    {
        await using TestServer server = await StartAsync(new FakeEngine());
        await AskOllamaAsync(server, $$"""{"model":"a","messages":[{"role":"user","content":"Hi"}],"stream":false,"keep_alive":{{keepAlive}}}""");

        await AdvanceUntilAsync(TimeSpan.FromDays(2), () => true);

        server.Engine.Sessions[0].IsDisposed.Should().BeFalse();
        JsonElement running = (await server.GetJsonAsync("/api/ps")).Body.GetProperty("models")[0];
        running.GetProperty("expires_at").GetString().Should().StartWith("2318-");
    }

    [Fact]
    public async Task Keep_alive_0_unloads_the_model_and_an_empty_request_only_loads_it()
    {
        await using TestServer server = await StartAsync(new FakeEngine());

        JsonElement loaded = await AskOllamaAsync(server, """{"model":"a"}""");
        JsonElement unloaded = await AskOllamaAsync(server, """{"model":"a","keep_alive":0}""");

        loaded.GetProperty("done_reason").GetString().Should().Be("load");
        unloaded.GetProperty("done_reason").GetString().Should().Be("unload");
        server.Engine.Sessions.Should().ContainSingle().Which.IsDisposed.Should().BeTrue();
    }

    [Fact]
    public async Task A_model_that_the_operator_loaded_is_never_unloaded_as_idle()
    {
        await using TestServer server = await StartAsync(new FakeEngine());
        await server.LoadAsync("a");
        await AskOllamaAsync(server, """{"model":"a","messages":[{"role":"user","content":"Hi"}],"stream":false,"keep_alive":2}""");

        await AdvanceUntilAsync(TimeSpan.FromDays(1), () => true);

        server.Engine.Sessions[0].IsDisposed.Should().BeFalse();
    }

    [Fact]
    public async Task A_preloaded_model_is_loaded_again_when_the_node_is_idle()
    {
        await using TestServer server = await StartAsync(new FakeEngine());
        ModelHost host = server.Services.GetRequiredService<ModelHost>();
        await host.PreloadAsync(server.Services.GetRequiredService<ModelCatalog>().Find("a"));
        await AnswerAsync(server, "b");

        await AdvanceUntilAsync(TimeSpan.FromSeconds(310), () => host.Current?.Name == "a");

        server.Engine.Sessions.Select(session => session.Model.Name).Should().Equal("a", "b", "a");
        await AdvanceUntilAsync(TimeSpan.FromHours(5), () => true);
        host.Current!.Name.Should().Be("a");
    }

    [Fact]
    public async Task A_model_that_does_not_load_is_the_requests_error_and_the_next_one_is_served()
    {
        FakeEngine engine = new();
        Func<ModelLoadParameters, CancellationToken, Task<IEngineSession>> load = engine.Load;
        engine.Load = (model, left) => model.Name == "b" ? throw new EngineException("the runtime said no") : load(model, left);
        await using TestServer server = await StartAsync(engine);
        await AnswerAsync(server, "a");

        (HttpStatusCode status, JsonElement body) = await server.PostJsonAsync("/v1/chat/completions", Chat("b"));

        status.Should().Be(HttpStatusCode.InternalServerError);
        body.GetProperty("error").GetProperty("message").GetString().Should().Contain("the runtime said no");
        await AnswerAsync(server, "a");
    }

    private async Task<TestServer> StartAsync(FakeEngine engine)
    {
        TestServer server = await TestServer.StartAsync(engine, time: _time);
        server.AddModel("a");
        server.AddModel("b");
        return server;
    }

    private static string Chat(string model) => $$"""{"model":"{{model}}","messages":[{"role":"user","content":"Hi {{model}}"}]}""";

    private static async Task AnswerAsync(TestServer server, string model) =>
        (await server.PostJsonAsync("/v1/chat/completions", Chat(model))).Status.Should().Be(HttpStatusCode.OK);

    private static async Task<JsonElement> AskOllamaAsync(TestServer server, string body)
    {
        (HttpStatusCode status, JsonElement reply) = await server.PostJsonAsync("/api/chat", body);
        status.Should().Be(HttpStatusCode.OK);
        return reply;
    }

    /// <summary>Advances the clock in small steps, so that the timer of the idle model unloader can restart in between.</summary>
    private async Task AdvanceUntilAsync(TimeSpan time, Func<bool> condition)
    {
        const int Steps = 20;
        for (int i = 0; i < Steps; i++)
        {
            _time.Advance(time / Steps);
            await Task.Yield();
        }

        using CancellationTokenSource timeout = new(Patience);
        while (!condition())
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(5, timeout.Token);
        }
    }
}
