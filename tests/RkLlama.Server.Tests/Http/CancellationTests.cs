using System.Net;
using System.Text;
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
    // The Anthropic API calls the field error_code.
    private const string CancelledCode = "\"(error_)?code\":\"cancelled\"";

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

    [Theory]
    [MemberData(nameof(Apis))]
    public async Task A_stream_that_the_operator_cancels_ends_with_an_error_that_says_so(string name)
    {
        ApiForm api = ApiForm.Of(name);
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        using HttpResponseMessage response = await StartAsync(server, api, stream: true, "Hello");
        Task<string> reading = ReadUntilCutAsync(response);

        (await server.PostAsync("/node/requests/req-1/cancel", "")).StatusCode.Should().Be(HttpStatusCode.OK);
        _held.Last.End(RunEndReason.Cancelled);

        string received = await reading.WaitAsync(Patience);
        string last = api.Last(received);
        received.Should().Contain("Hello");
        api.ErrorOf(last).Should().Be("The operator has cancelled this request.");
        last.Should().MatchRegex(CancelledCode);
        await _held.NextAnswerIsWholeAsync(server);
    }

    [Theory]
    [MemberData(nameof(ApisTwice))]
    public async Task A_request_that_the_operator_cancels_in_its_prefill_gets_a_status_and_the_reason(string name, bool stream)
    {
        ApiForm api = ApiForm.Of(name);
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        Task<HttpResponseMessage> starting = StartAsync(server, api, stream);
        FakeRun run = await _held.NextAsync();

        (await server.PostAsync("/node/requests/req-1/cancel", "")).StatusCode.Should().Be(HttpStatusCode.OK);
        run.End(RunEndReason.Cancelled);

        using HttpResponseMessage response = await starting;
        string body = await response.Content.ReadAsStringAsync();
        ((int)response.StatusCode).Should().Be(499);
        api.ErrorOf(body).Should().Be("The operator has cancelled this request.");
        body.Should().MatchRegex(CancelledCode);
    }

    [Theory]
    [MemberData(nameof(Apis))]
    public async Task An_answer_that_has_begun_with_white_space_ends_with_the_error_of_the_cancellation(string name)
    {
        ApiForm api = ApiForm.Of(name);
        await using TestServer server = await TestServer.StartAsync(_held.Engine, static options => options with { PaddingDelay = TimeSpan.FromMilliseconds(20) });
        await server.LoadAsync();
        using HttpResponseMessage response = await StartAsync(server, api, stream: false, "Hello");
        Task<string> reading = ReadUntilCutAsync(response);

        (await server.PostAsync("/node/requests/req-1/cancel", "")).StatusCode.Should().Be(HttpStatusCode.OK);
        _held.Last.End(RunEndReason.Cancelled);

        string received = await reading.WaitAsync(Patience);
        api.ErrorOf(received).Should().Be("The operator has cancelled this request.");
        received.Should().MatchRegex(CancelledCode);
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

    /// <summary>Sends a request with the id req-1, and returns when its answer has begun.</summary>
    /// <param name="token">The first token of its run, which the test ends; null if the test drives the run from its start.</param>
    private async Task<HttpResponseMessage> StartAsync(TestServer server, ApiForm api, bool stream, string? token = null)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, api.Path) { Content = new StringContent(api.Body(stream)) };
        request.Headers.Add("X-Request-Id", "req-1");
        Task<HttpResponseMessage> sending = server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (token is not null)
            await (await _held.NextAsync()).SendAsync(token);
        return await sending;
    }

    /// <summary>Reads a response whose connection is cut at its end.</summary>
    private static async Task<string> ReadUntilCutAsync(HttpResponseMessage response)
    {
        using MemoryStream received = new();
        await using Stream body = await response.Content.ReadAsStreamAsync();
        Func<Task> read = () => body.CopyToAsync(received);
        await read.Should().ThrowAsync<HttpIOException>();
        return Encoding.UTF8.GetString(received.ToArray());
    }
}
