using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Http;

/// <summary>Runs are aborted when their client disconnects or their model is unloaded.</summary>
public sealed class CancellationTests : IDisposable
{
    private readonly HeldRuns _held = new();

    public static TheoryData<string> Apis => ApiForm.Names;

    public static TheoryData<string, bool> ApisTwice => ApiForm.NamesTwice;

    public void Dispose() => _held.Dispose();

    [Theory]
    [InlineData(Hello)]
    [InlineData(HelloStream)]
    public async Task A_client_that_disconnects_before_the_first_token_aborts_its_run(string body)
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        using CancellationTokenSource leave = new();
        Task<HttpResponseMessage> request = server.PostAsync("/generate", body, leave.Token);
        FakeRun run = await _held.NextAsync();

        await leave.CancelAsync();

        await run.Aborted.WaitAsync(Patience);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        run.End(RunEndReason.Cancelled);
        await _held.NextAnswerIsWholeAsync(server);
    }

    [Fact]
    public async Task A_client_that_disconnects_between_tokens_aborts_its_run_and_the_next_request_waits_for_its_end()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        using HttpRequestMessage request = new(HttpMethod.Post, "/generate") { Content = new StringContent(HelloStream) };
        Task<HttpResponseMessage> sending = server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        FakeRun run = await _held.NextAsync();
        await run.SendAsync("one");
        HttpResponseMessage response = await sending;
        await using (Stream stream = await response.Content.ReadAsStreamAsync())
            await stream.ReadAtLeastAsync(new byte[10], 10);

        response.Dispose();
        await run.Aborted.WaitAsync(Patience);
        Task<(HttpStatusCode, JsonElement)> next = server.PostJsonAsync("/generate", Hello);
        await EventuallyAsync(() => server.Services.GetRequiredService<RunQueue>().Waiting == 1);

        await run.SendAsync("late");
        run.End(RunEndReason.Cancelled);
        FakeRun nextRun = await _held.NextAsync();
        await nextRun.SendAsync("mine");
        nextRun.End(RunEndReason.Stop);
        Content((await next).Item2).Should().Be("mine");
        server.Log.Should().NotContain("   at ");
    }

    [Theory]
    [MemberData(nameof(Apis))]
    public async Task A_slow_reader_that_disconnects_between_tokens_aborts_its_run(string name)
    {
        ApiForm api = ApiForm.Of(name);
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        using HttpRequestMessage request = new(HttpMethod.Post, api.Path) { Content = new StringContent(api.Body(stream: true)) };
        Task<HttpResponseMessage> sending = server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        FakeRun run = await _held.NextAsync();

        // More data than all buffers hold. The server waits, because the client does not read.
        for (int i = 0; i < 200; i++)
            await run.SendAsync(new string('x', 1 << 17));
        HttpResponseMessage response = await sending;
        run.Aborted.IsCompleted.Should().BeFalse();

        response.Dispose();

        await run.Aborted.WaitAsync(Patience);
        run.End(RunEndReason.Cancelled);
        await _held.NextAnswerIsWholeAsync(server);
        server.Log.Should().NotContain("   at ");
    }

    [Theory]
    [MemberData(nameof(ApisTwice))]
    public async Task A_client_that_disconnects_in_the_queue_or_the_prefill_is_removed_at_once(string name, bool stream)
    {
        ApiForm api = ApiForm.Of(name);
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        RunQueue queue = server.Services.GetRequiredService<RunQueue>();
        using CancellationTokenSource leaveRun = new(), leaveQueue = new();
        Task<HttpResponseMessage> running = server.PostAsync(api.Path, api.Body(stream), leaveRun.Token);
        FakeRun run = await _held.NextAsync();
        Task<HttpResponseMessage> waiting = server.PostAsync(api.Path, api.Body(stream), leaveQueue.Token);
        await EventuallyAsync(() => queue.Waiting == 1);

        await leaveQueue.CancelAsync();
        await EventuallyAsync(() => queue.Waiting == 0);
        run.Aborted.IsCompleted.Should().BeFalse();
        await leaveRun.CancelAsync();
        await run.Aborted.WaitAsync(Patience);

        run.End(RunEndReason.Cancelled);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await _held.NextAnswerIsWholeAsync(server);
        _held.Count.Should().Be(2);
    }

    [Fact]
    public async Task Unload_during_a_run_aborts_it_and_empties_the_queue()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        Task<(HttpStatusCode Status, JsonElement Body)> running = server.PostJsonAsync("/generate", Hello);
        FakeRun run = await _held.NextAsync();
        Task<(HttpStatusCode Status, JsonElement Body)> waiting = server.PostJsonAsync("/generate", Hello);
        await EventuallyAsync(() => server.Services.GetRequiredService<RunQueue>().Waiting == 1);

        (HttpStatusCode status, _) = await server.PostJsonAsync("/unload_model", "");

        status.Should().Be(HttpStatusCode.OK);
        run.Aborted.IsCompleted.Should().BeTrue();
        (await running).Status.Should().Be(HttpStatusCode.InternalServerError);
        (await running).Body.GetProperty("error").GetString().Should().Contain("unloaded");
        (await waiting).Status.Should().Be(HttpStatusCode.BadRequest);
        (await waiting).Body.GetProperty("error").GetString().Should().Be("No models are currently loaded.");
    }
}
