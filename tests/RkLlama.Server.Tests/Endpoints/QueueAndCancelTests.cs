using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using RkLlama.Native;
using RkLlama.Server.Hosting;
using RkLlama.Server.Inference;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Endpoints;

/// <summary>One run at a time, first come first served; clients that leave; workers that die; the end of the server.</summary>
public sealed class QueueAndCancelTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private const string Hello = """{"messages":[{"role":"user","content":"Hi"}]}""";
    private const string HelloStream = """{"messages":[{"role":"user","content":"Hi"}],"stream":true}""";

    private readonly SemaphoreSlim _started = new(0);
    private readonly List<FakeRun> _runs = [];

    public void Dispose() => _started.Dispose();

    /// <summary>An engine whose runs wait for the test.</summary>
    private FakeEngine Waiting() => new()
    {
        Run = run =>
        {
            lock (_runs)
                _runs.Add(run);
            _started.Release();
            return Task.CompletedTask;
        },
    };

    private async Task<FakeRun> NextRunAsync()
    {
        (await _started.WaitAsync(Patience)).Should().BeTrue("a run should have started");
        lock (_runs)
            return _runs[^1];
    }

    [Fact]
    public async Task A_second_request_waits_for_the_end_of_the_first_run()
    {
        await using TestServer server = await TestServer.StartAsync(Waiting());
        await server.LoadAsync();
        RunQueue queue = server.Services.GetRequiredService<RunQueue>();

        Task<(HttpStatusCode, JsonElement)> first = server.PostJsonAsync("/generate", Hello);
        FakeRun firstRun = await NextRunAsync();
        Task<(HttpStatusCode, JsonElement)> second = server.PostJsonAsync("/generate", Hello);
        await Eventually(() => queue.Waiting == 1);
        _runs.Should().HaveCount(1);
        await firstRun.SendAsync("one");
        firstRun.End(FinishReason.Stop);
        FakeRun secondRun = await NextRunAsync();
        await secondRun.SendAsync("two");
        secondRun.End(FinishReason.Stop);

        Content((await first).Item2).Should().Be("one");
        Content((await second).Item2).Should().Be("two");
    }

    [Fact]
    public async Task A_full_queue_is_503_with_retry_after()
    {
        await using TestServer server = await TestServer.StartAsync(Waiting(), options => options with { QueueLength = 1 });
        await server.LoadAsync();
        RunQueue queue = server.Services.GetRequiredService<RunQueue>();
        Task<HttpResponseMessage> first = server.PostAsync("/generate", Hello);
        FakeRun run = await NextRunAsync();
        Task<HttpResponseMessage> second = server.PostAsync("/generate", Hello);
        await Eventually(() => queue.Waiting == 1);

        using HttpResponseMessage refused = await server.PostAsync("/generate", Hello);

        refused.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds.Should().BeInRange(1, 60);
        (await TestServer.JsonAsync(refused)).GetProperty("error").GetString().Should().Contain("busy");
        run.End(FinishReason.Stop);
        (await NextRunAsync()).End(FinishReason.Stop);
        (await first).StatusCode.Should().Be(HttpStatusCode.OK);
        (await second).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData(Hello)]
    [InlineData(HelloStream)]
    public async Task A_client_that_leaves_before_the_first_token_aborts_its_run(string body)
    {
        await using TestServer server = await TestServer.StartAsync(Waiting());
        await server.LoadAsync();
        using CancellationTokenSource leave = new();
        Task<HttpResponseMessage> request = server.PostAsync("/generate", body, leave.Token);
        FakeRun run = await NextRunAsync();

        await leave.CancelAsync();

        await run.Aborted.WaitAsync(Patience);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        run.End(FinishReason.Cancelled);
        await NextAnswerIsWhole(server);
    }

    [Fact]
    public async Task A_client_that_leaves_between_tokens_aborts_its_run_and_the_next_waits_for_its_end()
    {
        await using TestServer server = await TestServer.StartAsync(Waiting());
        await server.LoadAsync();
        using HttpRequestMessage request = new(HttpMethod.Post, "/generate") { Content = new StringContent(HelloStream) };
        Task<HttpResponseMessage> sending = server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        FakeRun run = await NextRunAsync();
        await run.SendAsync("one");
        HttpResponseMessage response = await sending;
        await using (Stream stream = await response.Content.ReadAsStreamAsync())
            await stream.ReadAtLeastAsync(new byte[10], 10);

        response.Dispose();
        await run.Aborted.WaitAsync(Patience);
        Task<(HttpStatusCode, JsonElement)> next = server.PostJsonAsync("/generate", Hello);
        await Eventually(() => server.Services.GetRequiredService<RunQueue>().Waiting == 1);

        await run.SendAsync("late");
        run.End(FinishReason.Cancelled);
        FakeRun nextRun = await NextRunAsync();
        await nextRun.SendAsync("mine");
        nextRun.End(FinishReason.Stop);
        Content((await next).Item2).Should().Be("mine");
        server.Log.Should().NotContain("   at ");
    }

    [Fact]
    public async Task A_client_that_leaves_the_queue_is_gone_at_once()
    {
        await using TestServer server = await TestServer.StartAsync(Waiting());
        await server.LoadAsync();
        RunQueue queue = server.Services.GetRequiredService<RunQueue>();
        Task<HttpResponseMessage> first = server.PostAsync("/generate", Hello);
        FakeRun run = await NextRunAsync();
        using CancellationTokenSource leave = new();
        Task<HttpResponseMessage> second = server.PostAsync("/generate", Hello, leave.Token);
        await Eventually(() => queue.Waiting == 1);

        await leave.CancelAsync();

        await Eventually(() => queue.Waiting == 0);
        run.End(FinishReason.Stop);
        (await first).StatusCode.Should().Be(HttpStatusCode.OK);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        _runs.Should().HaveCount(1);
    }

    [Fact]
    public async Task A_failed_run_is_never_an_empty_answer()
    {
        await using TestServer server = await TestServer.StartAsync(Waiting());
        await server.LoadAsync();

        Task<(HttpStatusCode Status, JsonElement Body)> request = server.PostJsonAsync("/generate", Hello);
        (await NextRunAsync()).End(FinishReason.Error, "matmul(w8a8) run failed");

        (await request).Status.Should().Be(HttpStatusCode.InternalServerError);
        (await request).Body.GetProperty("error").GetString().Should().Contain("matmul");
    }

    [Fact]
    public async Task A_stream_that_fails_before_its_first_token_is_a_status()
    {
        await using TestServer server = await TestServer.StartAsync(Waiting());
        await server.LoadAsync();

        Task<HttpResponseMessage> request = server.PostAsync("/generate", HelloStream);
        (await NextRunAsync()).End(FinishReason.Error, "boom");

        (await request).StatusCode.Should().Be(HttpStatusCode.InternalServerError);
        (await TestServer.JsonAsync(await request)).GetProperty("error").GetString().Should().Contain("boom");
    }

    [Fact]
    public async Task A_stream_that_fails_later_ends_with_an_error_line_and_a_cut()
    {
        await using TestServer server = await TestServer.StartAsync(Waiting());
        await server.LoadAsync();
        using HttpRequestMessage request = new(HttpMethod.Post, "/generate") { Content = new StringContent(HelloStream) };
        Task<HttpResponseMessage> sending = server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        FakeRun run = await NextRunAsync();
        await run.SendAsync("one");
        using HttpResponseMessage response = await sending;
        using StreamReader reader = new(await response.Content.ReadAsStreamAsync());
        string? first = await reader.ReadLineAsync();

        run.End(FinishReason.Error, "boom");
        string? last = await reader.ReadLineAsync();
        Func<Task> rest = () => reader.ReadLineAsync();

        first.Should().Contain("\"one\"");
        JsonDocument.Parse(last!).RootElement.GetProperty("error").GetString().Should().Contain("boom");
        await rest.Should().ThrowAsync<IOException>();
        server.Log.Should().NotContain("   at ");
    }

    [Fact]
    public async Task Unload_during_a_run_aborts_it_and_empties_the_queue()
    {
        await using TestServer server = await TestServer.StartAsync(Waiting());
        await server.LoadAsync();
        Task<(HttpStatusCode Status, JsonElement Body)> running = server.PostJsonAsync("/generate", Hello);
        FakeRun run = await NextRunAsync();
        Task<(HttpStatusCode Status, JsonElement Body)> waiting = server.PostJsonAsync("/generate", Hello);
        await Eventually(() => server.Services.GetRequiredService<RunQueue>().Waiting == 1);

        (HttpStatusCode status, _) = await server.PostJsonAsync("/unload_model", "");

        status.Should().Be(HttpStatusCode.OK);
        run.Aborted.IsCompleted.Should().BeTrue();
        (await running).Status.Should().Be(HttpStatusCode.InternalServerError);
        (await running).Body.GetProperty("error").GetString().Should().Contain("unloaded");
        (await waiting).Status.Should().Be(HttpStatusCode.BadRequest);
        (await waiting).Body.GetProperty("error").GetString().Should().Be("No models are currently loaded.");
    }

    [Fact]
    public async Task When_the_worker_dies_the_run_fails_and_the_next_request_waits_for_a_new_worker()
    {
        FakeEngine engine = Waiting();
        await using TestServer server = await TestServer.StartAsync(engine);
        await server.LoadAsync();
        Task<(HttpStatusCode Status, JsonElement Body)> running = server.PostJsonAsync("/generate", Hello);
        await NextRunAsync();

        engine.Sessions[0].Crash("the worker was killed by SIGSEGV");

        (await running).Status.Should().Be(HttpStatusCode.InternalServerError);
        (await running).Body.GetProperty("error").GetString().Should().Contain("SIGSEGV");
        Task<(HttpStatusCode Status, JsonElement Body)> next = server.PostJsonAsync("/generate", Hello);
        FakeRun run = await NextRunAsync();
        await run.SendAsync("back");
        run.End(FinishReason.Stop);
        Content((await next).Body).Should().Be("back");
        engine.Sessions.Should().HaveCount(2);
        (await server.GetJsonAsync("/current_model")).Status.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Generate_waits_while_a_model_loads()
    {
        FakeEngine engine = Waiting();
        TaskCompletionSource allowed = new();
        Func<EngineModel, CancellationToken, Task<IEngineSession>> load = engine.Load;
        engine.Load = async (model, cancellationToken) =>
        {
            await allowed.Task;
            return await load(model, cancellationToken);
        };
        await using TestServer server = await TestServer.StartAsync(engine);
        server.AddModel("m");
        Task<(HttpStatusCode Status, JsonElement Body)> loading = server.PostJsonAsync("/load_model", """{"model_name":"m"}""");
        await Eventually(() => server.Services.GetRequiredService<ModelHost>().IsOccupied);

        Task<(HttpStatusCode Status, JsonElement Body)> request = server.PostJsonAsync("/generate", Hello);
        (HttpStatusCode second, _) = await server.PostJsonAsync("/load_model", """{"model_name":"m"}""");
        allowed.SetResult();
        FakeRun run = await NextRunAsync();
        run.End(FinishReason.Stop);

        second.Should().Be(HttpStatusCode.BadRequest);
        (await loading).Status.Should().Be(HttpStatusCode.OK);
        (await request).Status.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_drain_refuses_new_requests_and_lets_the_running_one_finish()
    {
        await using TestServer server = await TestServer.StartAsync(Waiting());
        await server.LoadAsync();
        Task<(HttpStatusCode Status, JsonElement Body)> running = server.PostJsonAsync("/generate", Hello);
        FakeRun run = await NextRunAsync();

        await server.Services.GetRequiredService<Drain>().BeginAsync();
        using HttpResponseMessage refused = await server.Client.GetAsync(server.Address);
        await run.SendAsync("done");
        run.End(FinishReason.Stop);

        refused.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        refused.Headers.RetryAfter!.Delta.Should().NotBeNull();
        Content((await running).Body).Should().Be("done");
    }

    [Fact]
    public async Task A_slow_reader_holds_nobody_up()
    {
        await using TestServer server = await TestServer.StartAsync(Waiting());
        await server.LoadAsync();
        using HttpRequestMessage request = new(HttpMethod.Post, "/generate") { Content = new StringContent(HelloStream) };
        Task<HttpResponseMessage> sending = server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        FakeRun slow = await NextRunAsync();
        for (int i = 0; i < 20_000; i++)
            await slow.SendAsync("a longer piece of text that fills the socket's buffers sooner");
        slow.End(FinishReason.Stop);
        using HttpResponseMessage response = await sending;

        Task<(HttpStatusCode Status, JsonElement Body)> next = server.PostJsonAsync("/generate", Hello);
        FakeRun run = await NextRunAsync();
        await run.SendAsync("quick");
        run.End(FinishReason.Stop);

        Content((await next).Body).Should().Be("quick");
        (await response.Content.ReadAsStringAsync()).TrimEnd('\n').Split('\n').Should().HaveCount(20_001);
    }

    private async Task NextAnswerIsWhole(TestServer server)
    {
        Task<(HttpStatusCode Status, JsonElement Body)> next = server.PostJsonAsync("/generate", Hello);
        FakeRun run = await NextRunAsync();
        await run.SendAsync("mine");
        run.End(FinishReason.Stop);
        Content((await next).Body).Should().Be("mine");
    }

    private static string? Content(JsonElement reply) => reply.GetProperty("choices")[0].GetProperty("content").GetString();

    private static async Task Eventually(Func<bool> condition)
    {
        using CancellationTokenSource timeout = new(Patience);
        while (!condition())
            await Task.Delay(5, timeout.Token);
    }
}
