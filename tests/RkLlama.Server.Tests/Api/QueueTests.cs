using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Api;

/// <summary>Queueing: one run at a time, first come first served, limited length.</summary>
public sealed class QueueTests : IDisposable
{
    private readonly HeldRuns _held = new();

    public void Dispose() => _held.Dispose();

    [Fact]
    public async Task A_second_request_waits_for_the_end_of_the_first_run()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        RunQueue queue = server.Services.GetRequiredService<RunQueue>();

        Task<(HttpStatusCode, JsonElement)> first = server.PostJsonAsync("/generate", Hello);
        FakeRun firstRun = await _held.NextAsync();
        Task<(HttpStatusCode, JsonElement)> second = server.PostJsonAsync("/generate", Hello);
        await EventuallyAsync(() => queue.Waiting == 1);
        _held.Count.Should().Be(1);
        await firstRun.SendAsync("one");
        firstRun.End(RunEndReason.Stop);
        FakeRun secondRun = await _held.NextAsync();
        await secondRun.SendAsync("two");
        secondRun.End(RunEndReason.Stop);

        Content((await first).Item2).Should().Be("one");
        Content((await second).Item2).Should().Be("two");
    }

    [Fact]
    public async Task A_full_queue_is_503_with_retry_after()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine, options => options with { QueueLength = 1 });
        await server.LoadAsync();
        RunQueue queue = server.Services.GetRequiredService<RunQueue>();
        Task<HttpResponseMessage> first = server.PostAsync("/generate", Hello);
        FakeRun run = await _held.NextAsync();
        Task<HttpResponseMessage> second = server.PostAsync("/generate", Hello);
        await EventuallyAsync(() => queue.Waiting == 1);

        using HttpResponseMessage refused = await server.PostAsync("/generate", Hello);

        refused.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds.Should().BeInRange(1, 60);
        (await TestServer.JsonAsync(refused)).GetProperty("error").GetString().Should().Contain("busy");
        run.End(RunEndReason.Stop);
        (await _held.NextAsync()).End(RunEndReason.Stop);
        (await first).StatusCode.Should().Be(HttpStatusCode.OK);
        (await second).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_client_that_disconnects_while_queued_leaves_the_queue_at_once()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        RunQueue queue = server.Services.GetRequiredService<RunQueue>();
        Task<HttpResponseMessage> first = server.PostAsync("/generate", Hello);
        FakeRun run = await _held.NextAsync();
        using CancellationTokenSource leave = new();
        Task<HttpResponseMessage> second = server.PostAsync("/generate", Hello, leave.Token);
        await EventuallyAsync(() => queue.Waiting == 1);

        await leave.CancelAsync();

        await EventuallyAsync(() => queue.Waiting == 0);
        run.End(RunEndReason.Stop);
        (await first).StatusCode.Should().Be(HttpStatusCode.OK);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        _held.Count.Should().Be(1);
    }

    [Fact]
    public async Task Generate_waits_while_a_model_loads()
    {
        FakeEngine engine = _held.Engine;
        TaskCompletionSource allowed = new();
        Func<ModelLoadParameters, CancellationToken, Task<IEngineSession>> load = engine.Load;
        engine.Load = async (model, cancellationToken) =>
        {
            await allowed.Task;
            return await load(model, cancellationToken);
        };
        await using TestServer server = await TestServer.StartAsync(engine);
        server.AddModel("m");
        Task<(HttpStatusCode Status, JsonElement Body)> loading = server.PostJsonAsync("/load_model", """{"model_name":"m"}""");
        await EventuallyAsync(() => server.Services.GetRequiredService<ModelHost>().RefusesLoads);

        Task<(HttpStatusCode Status, JsonElement Body)> request = server.PostJsonAsync("/generate", Hello);
        (HttpStatusCode second, _) = await server.PostJsonAsync("/load_model", """{"model_name":"m"}""");
        allowed.SetResult();
        FakeRun run = await _held.NextAsync();
        run.End(RunEndReason.Stop);

        second.Should().Be(HttpStatusCode.BadRequest);
        (await loading).Status.Should().Be(HttpStatusCode.OK);
        (await request).Status.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_drain_refuses_new_requests_and_lets_the_running_one_finish()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        Task<(HttpStatusCode Status, JsonElement Body)> running = server.PostJsonAsync("/generate", Hello);
        FakeRun run = await _held.NextAsync();

        server.Services.GetRequiredService<RunQueue>().Close();
        using HttpResponseMessage refused = await server.Client.GetAsync(server.Address);
        await run.SendAsync("done");
        run.End(RunEndReason.Stop);

        refused.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        refused.Headers.RetryAfter!.Delta.Should().NotBeNull();
        Content((await running).Body).Should().Be("done");
    }

    [Fact]
    public async Task The_total_size_of_large_bodies_is_limited_and_small_ones_pass()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine, options => options with { MaxRequestBytes = 1 << 20 });
        await server.LoadAsync();
        string large = $$"""{"messages":[{"role":"user","content":"{{new string('x', 1_000_000)}}"}]}""";
        
        // One client gets half of the limit.
        const int LargeBodies = (int)(RequestBodyBudget.MinLimit >> 21);
        List<Task<HttpResponseMessage>> asked = [];
        for (int i = 0; i < LargeBodies; i++)
            asked.Add(server.PostAsync("/generate", large));
        RunQueue queue = server.Services.GetRequiredService<RunQueue>();
        await EventuallyAsync(() => queue.Waiting == LargeBodies - 1);

        using HttpResponseMessage refused = await server.PostAsync("/generate", large);
        asked.Add(server.PostAsync("/generate", Hello));
        await EventuallyAsync(() => queue.Waiting == LargeBodies);

        refused.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        refused.Headers.RetryAfter!.Delta.Should().NotBeNull();
        for (int i = 0; i < asked.Count; i++)
            (await _held.NextAsync()).End(RunEndReason.Stop);
        foreach (HttpResponseMessage response in await Task.WhenAll(asked))
            response.StatusCode.Should().Be(HttpStatusCode.OK);
        Task<HttpResponseMessage> again = server.PostAsync("/generate", large);
        (await _held.NextAsync()).End(RunEndReason.Stop);
        (await again).StatusCode.Should().Be(HttpStatusCode.OK, "what they had is free again");
    }

    [Fact]
    public async Task A_request_that_waits_for_the_NPU_gives_back_what_its_prompt_does_not_need()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine, options => options with { MaxRequestBytes = 8 << 20 });
        await server.LoadAsync();
        string padded = $$"""{"messages":[{"role":"user","content":"Hi"}],"user":"{{new string('x', (8 << 20) - 100)}}"}""";
        RequestBodyBudget budget = server.Services.GetRequiredService<RequestBodyBudget>();
        Task<HttpResponseMessage> running = server.PostAsync("/v1/chat/completions", padded);
        FakeRun run = await _held.NextAsync();

        await EventuallyAsync(() => budget.TryTake(IPAddress.Loopback, (8 << 20) - 4096));

        run.End(RunEndReason.Stop);
        (await running).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_body_reserves_its_declared_length_when_a_part_has_arrived()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine, options => options with { MaxRequestBytes = 8 << 20 });
        await server.LoadAsync();
        RequestBodyBudget budget = server.Services.GetRequiredService<RequestBodyBudget>();
        using TcpClient slow = new();
        await slow.ConnectAsync(server.Client.BaseAddress!.Host, server.Client.BaseAddress.Port);

        await slow.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"POST /generate HTTP/1.1\r\nHost: x\r\nContent-Length: {8 << 20}\r\n\r\n"));
        await slow.GetStream().WriteAsync(new byte[3 << 20]);

        await EventuallyAsync(() =>
        {
            bool isReserved = !budget.TryTake(IPAddress.Loopback, 1 << 20);
            if (!isReserved)
                budget.Return(IPAddress.Loopback, 1 << 20);
            return isReserved;
        });
        budget.TryTake(IPAddress.Broadcast, 8 << 20).Should().BeTrue("only the length of this body is reserved");
    }

    [Fact]
    public async Task A_slow_reader_does_not_delay_other_requests()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        using HttpRequestMessage request = new(HttpMethod.Post, "/generate") { Content = new StringContent(HelloStream) };
        Task<HttpResponseMessage> sending = server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        FakeRun slow = await _held.NextAsync();
        for (int i = 0; i < 20_000; i++)
            await slow.SendAsync("a longer piece of text that fills the socket's buffers sooner");
        slow.End(RunEndReason.Stop);
        using HttpResponseMessage response = await sending;

        Task<(HttpStatusCode Status, JsonElement Body)> next = server.PostJsonAsync("/generate", Hello);
        FakeRun run = await _held.NextAsync();
        await run.SendAsync("quick");
        run.End(RunEndReason.Stop);

        Content((await next).Body).Should().Be("quick");
        (await response.Content.ReadAsStringAsync()).TrimEnd('\n').Split('\n').Should().HaveCount(20_001);
    }
}
