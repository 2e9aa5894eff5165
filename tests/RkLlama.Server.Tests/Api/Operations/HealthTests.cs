using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Api.Operations;

/// <summary>Responses of <c>/health</c>, <c>/ready</c> and <c>/current_model</c>, and the behaviour of a failed node.</summary>
public sealed class HealthTests : IDisposable
{
    private const string LoadM = """{"model_name":"m"}""";

    private readonly HeldRuns _held = new();

    public void Dispose() => _held.Dispose();

    [Fact]
    public async Task A_node_without_a_model_is_alive_and_ready()
    {
        await using TestServer server = await TestServer.StartAsync();

        (HttpStatusCode health, JsonElement facts) = await server.GetJsonAsync("/health");
        (HttpStatusCode ready, JsonElement answer) = await server.GetJsonAsync("/ready");

        (health, ready).Should().Be((HttpStatusCode.OK, HttpStatusCode.OK));
        facts.GetProperty("state").GetString().Should().Be("none");
        facts.GetProperty("version").GetString().Should().NotBeEmpty();
        facts.GetProperty("uptime_seconds").GetInt64().Should().BeGreaterThanOrEqualTo(0);
        facts.GetProperty("last_fault").ValueKind.Should().Be(JsonValueKind.Null);
        answer.GetRawText().Should().Be("""{"status":"ready"}""");
    }

    [Fact]
    public async Task A_busy_node_is_ready_until_its_queue_is_full()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine, options => options with { QueueLength = 1 });
        await server.LoadAsync();
        Task<HttpResponseMessage> running = server.PostAsync("/generate", Hello);
        FakeRun run = await _held.NextAsync();
        (HttpStatusCode busy, _) = await server.GetJsonAsync("/ready");

        Task<HttpResponseMessage> waiting = server.PostAsync("/generate", Hello);
        await EventuallyAsync(() => server.Services.GetRequiredService<RunQueue>().Waiting == 1);
        using HttpResponseMessage full = await server.Client.GetAsync(new Uri("/ready", UriKind.Relative));
        JsonElement health = (await server.GetJsonAsync("/health")).Body;

        busy.Should().Be(HttpStatusCode.OK);
        full.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        full.Headers.RetryAfter.Should().NotBeNull();
        (await TestServer.JsonAsync(full)).GetProperty("status").GetString().Should().Be("busy");
        health.GetProperty("queue").GetRawText().Should().Be("""{"running":1,"waiting":1}""");
        health.GetProperty("runtime_version").GetString().Should().Be("1.2.3");
        run.End(RunEndReason.Stop);
        (await running).Dispose();
        (await _held.NextAsync()).End(RunEndReason.Stop);
        (await waiting).Dispose();
    }

    [Fact]
    public async Task A_node_that_drains_is_alive_and_not_ready()
    {
        await using TestServer server = await TestServer.StartAsync();

        server.Services.GetRequiredService<RunQueue>().Close();

        (await server.GetJsonAsync("/health")).Status.Should().Be(HttpStatusCode.OK);
        (HttpStatusCode status, JsonElement body) = await server.GetJsonAsync("/ready");
        status.Should().Be(HttpStatusCode.ServiceUnavailable);
        body.GetProperty("status").GetString().Should().Be("draining");
    }

    [Fact]
    public async Task A_preload_makes_the_node_wait_and_its_failure_makes_it_unready()
    {
        await using TestServer server = await TestServer.StartAsync();
        Readiness readiness = server.Services.GetRequiredService<Readiness>();

        readiness.PreloadStarted("m");
        string? loading = (await server.GetJsonAsync("/ready")).Body.GetProperty("status").GetString();
        readiness.PreloadEnded("m", "no such model");
        (HttpStatusCode status, JsonElement failed) = await server.GetJsonAsync("/ready");
        (HttpStatusCode refusedStatus, JsonElement refused) = await server.PostJsonAsync("/generate", """{"messages":[{"role":"user","content":"x"}]}""");
        await server.LoadAsync();

        loading.Should().Be("loading");
        status.Should().Be(HttpStatusCode.ServiceUnavailable);
        failed.GetProperty("reason").GetString().Should().Contain("no such model");
        (refusedStatus, refused.GetProperty("error").GetString()).Should().Be((HttpStatusCode.ServiceUnavailable, failed.GetProperty("reason").GetString()));
        (await server.GetJsonAsync("/ready")).Status.Should().Be(HttpStatusCode.OK, "the operator has loaded another one");
        await server.PostAsync("/unload_model", "");
        (await server.GetJsonAsync("/ready")).Status.Should().Be(HttpStatusCode.OK, "a node without a model is ready, and the failure is history");
    }

    [Fact]
    public async Task After_five_new_workers_the_model_is_failed_until_it_is_loaded_again()
    {
        FakeTimeProvider time = new();
        await using TestServer server = await TestServer.StartAsync(_held.Engine, time: time);
        await server.LoadAsync();
        for (int death = 1; death <= 6; death++)
        {
            _held.Engine.Sessions[^1].Crash($"death {death}");
            int expected = death + 1;
            await EventuallyAsync(() =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return _held.Engine.Sessions.Count == expected || server.Services.GetRequiredService<ModelHost>().Status.State == ModelState.Failed;
            });
            await EventuallyAsync(() => server.Services.GetRequiredService<ModelHost>().Status.State is ModelState.Ready or ModelState.Failed);
        }

        JsonElement current = (await server.GetJsonAsync("/current_model")).Body;
        (HttpStatusCode ready, JsonElement reason) = await server.GetJsonAsync("/ready");
        JsonElement health = (await server.GetJsonAsync("/health")).Body;
        (HttpStatusCode generate, _) = await server.PostJsonAsync("/generate", Hello);
        (HttpStatusCode again, _) = await server.PostJsonAsync("/load_model", LoadM);

        _held.Engine.Sessions.Should().HaveCount(7, "one load, five new workers, and the load at the end");
        current.GetProperty("state").GetString().Should().Be("failed");
        current.GetProperty("error").GetString().Should().Contain("death 6");
        ready.Should().Be(HttpStatusCode.ServiceUnavailable);
        reason.GetProperty("reason").GetString().Should().Contain("5 times in 10 minutes");
        health.GetProperty("last_fault").GetProperty("reason").GetString().Should().Be("death 6");
        generate.Should().Be(HttpStatusCode.InternalServerError);
        again.Should().Be(HttpStatusCode.OK);
        (await server.GetJsonAsync("/ready")).Status.Should().Be(HttpStatusCode.OK);
        await _held.NextAnswerIsWholeAsync(server);
    }

    [Fact]
    public async Task A_worker_that_survives_SIGKILL_stops_the_node_from_loading()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        TaskCompletionSource gone = new();
        FakeSession session = _held.Engine.Sessions[0];
        session.Stuck = new(4711, gone.Task);

        session.Crash("no token for 60 s and ignored the abort");
        await EventuallyAsync(() => server.Services.GetRequiredService<ModelHost>().Status.State == ModelState.Stuck);
        (HttpStatusCode ready, JsonElement reason) = await server.GetJsonAsync("/ready");
        (HttpStatusCode generate, JsonElement error) = await server.PostJsonAsync("/generate", Hello);
        (HttpStatusCode load, _) = await server.PostJsonAsync("/load_model", LoadM);
        int sessions = _held.Engine.Sessions.Count;
        gone.SetResult();
        (HttpStatusCode afterwards, _) = await server.PostJsonAsync("/load_model", LoadM);

        ready.Should().Be(HttpStatusCode.ServiceUnavailable);
        reason.GetProperty("reason").GetString().Should().Contain("4711").And.Contain("reboot");
        generate.Should().Be(HttpStatusCode.InternalServerError);
        error.GetProperty("error").GetString().Should().Contain("reboot");
        load.Should().Be(HttpStatusCode.BadRequest);
        sessions.Should().Be(1, "no other worker may start while the NPU is held");
        afterwards.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_unload_reports_a_stuck_worker()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        _held.Engine.Sessions[0].Stuck = new(4711, new TaskCompletionSource().Task);

        (HttpStatusCode status, JsonElement body) = await server.PostJsonAsync("/unload_model", "");

        status.Should().Be(HttpStatusCode.InternalServerError);
        body.GetProperty("error").GetString().Should().Contain("reboot");
        (await server.GetJsonAsync("/ready")).Status.Should().Be(HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task A_stuck_worker_that_exits_after_all_no_longer_blocks_loads()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        TaskCompletionSource gone = new();
        _held.Engine.Sessions[0].Stuck = new(4711, gone.Task);
        await server.PostAsync("/unload_model", "");

        gone.SetResult();
        (HttpStatusCode ready, _) = await server.GetJsonAsync("/ready");
        (HttpStatusCode load, JsonElement body) = await server.PostJsonAsync("/load_model", LoadM);

        ready.Should().Be(HttpStatusCode.OK);
        load.Should().Be(HttpStatusCode.OK, "{0}", body);
        await _held.NextAnswerIsWholeAsync(server);
    }

    [Fact]
    public async Task Crashes_far_apart_do_not_count_together()
    {
        FakeTimeProvider time = new();
        await using TestServer server = await TestServer.StartAsync(_held.Engine, time: time);
        await server.LoadAsync();

        for (int death = 1; death <= 12; death++)
        {
            _held.Engine.Sessions[^1].Crash($"death {death}");
            int expected = death + 1;
            await EventuallyAsync(() =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return _held.Engine.Sessions.Count == expected;
            });
            await EventuallyAsync(() => server.Services.GetRequiredService<ModelHost>().Status.State == ModelState.Ready);
            time.Advance(TimeSpan.FromMinutes(3));
        }

        await _held.NextAnswerIsWholeAsync(server);
    }

    [Fact]
    public async Task Each_restart_of_a_worker_is_delayed_more_than_the_one_before()
    {
        FakeTimeProvider time = new();
        await using TestServer server = await TestServer.StartAsync(_held.Engine, time: time);
        await server.LoadAsync();
        List<double> waited = [];

        for (int death = 1; death <= 5; death++)
        {
            DateTimeOffset start = time.GetUtcNow();
            int timers = server.Engine.Sessions.Count;
            _held.Engine.Sessions[^1].Crash($"death {death}");
            await EventuallyAsync(() =>
            {
                if (_held.Engine.Sessions.Count == timers)
                    time.Advance(TimeSpan.FromMilliseconds(100));
                return _held.Engine.Sessions.Count > timers;
            });
            waited.Add((time.GetUtcNow() - start).TotalSeconds);
            await EventuallyAsync(() => server.Services.GetRequiredService<ModelHost>().Status.State == ModelState.Ready);
        }

        // Part of the time is spent before the delay begins.
        waited[1].Should().BeInRange(1, 1.9);
        waited[2].Should().BeInRange(2, 3.9);
        waited[3].Should().BeInRange(4, 7.9);
        waited[4].Should().BeGreaterThanOrEqualTo(8);
    }

    [Fact]
    public async Task The_model_is_restarting_while_its_worker_is_replaced()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        TaskCompletionSource allowed = new();
        Func<ModelLoadParameters, CancellationToken, Task<IEngineSession>> load = _held.Engine.Load;
        _held.Engine.Load = async (model, cancellationToken) =>
        {
            await allowed.Task;
            return await load(model, cancellationToken);
        };

        _held.Engine.Sessions[0].Crash("the worker was killed by SIGSEGV");
        await EventuallyAsync(() => server.Services.GetRequiredService<ModelHost>().Status.State == ModelState.Restarting);
        await EventuallyAsync(() => server.Services.GetRequiredService<ModelHost>().Status.LastFault is not null);
        JsonElement during = (await server.GetJsonAsync("/current_model")).Body;
        (HttpStatusCode ready, _) = await server.GetJsonAsync("/ready");
        allowed.SetResult();
        await EventuallyAsync(() => server.Services.GetRequiredService<ModelHost>().Status.State == ModelState.Ready);
        JsonElement after = (await server.GetJsonAsync("/current_model")).Body;

        during.GetRawText().Should().Be("""{"model":"m","model_name":"m","state":"restarting","error":"the worker was killed by SIGSEGV"}""");
        ready.Should().Be(HttpStatusCode.OK, "requests wait for the new worker");
        after.GetRawText().Should().Be("""{"model":"m","model_name":"m"}""");
    }

    [Fact]
    public async Task Health_checks_do_not_ask_the_worker()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();

        for (int i = 0; i < 50; i++)
            await server.GetJsonAsync(i % 2 == 0 ? "/health" : "/ready");

        _held.Count.Should().Be(0);
        using HttpRequestMessage head = new(HttpMethod.Head, "/ready");
        (await server.Client.SendAsync(head)).StatusCode.Should().Be(HttpStatusCode.OK);
    }
}
