using System.Net;
using Microsoft.Extensions.DependencyInjection;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Tests.Api.OpenAi;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Api;

/// <summary>Streams that outlive their connection, of all APIs: the header X-Conversation-Id, event ids, byte positions and the linger time.</summary>
public sealed class ResumableStreamTests : IDisposable
{
    private const string Chat = """{"model":"m","messages":[{"role":"user","content":"Hi"}],"stream":true}""";
    private readonly HeldRuns _held = new();

    public void Dispose() => _held.Dispose();

    [Theory]
    [InlineData("/v1/chat/completions", Chat)]
    [InlineData("/v1/completions", """{"model":"m","prompt":"Hi","stream":true}""")]
    [InlineData("/v1/responses", """{"model":"m","input":"Hi","stream":true}""")]
    [InlineData("/v1/messages", """{"model":"m","max_tokens":50,"messages":[{"role":"user","content":"Hi"}],"stream":true}""")]
    [InlineData("/api/chat", """{"model":"m","messages":[{"role":"user","content":"Hi"}]}""")]
    [InlineData("/api/generate", """{"model":"m","prompt":"Hi"}""")]
    public async Task A_stream_of_each_api_goes_on_without_its_client_and_is_read_to_its_end(string path, string body)
    {
        await using StoringServer node = await StoringServer.StartAsync(_held.Engine);
        using HttpClient client = node.Server.NewClient();
        (HttpResponseMessage response, FakeRun run) = await StartAsync(node, client, path, body);
        byte[] some = new byte[20];
        await (await response.Content.ReadAsStreamAsync()).ReadExactlyAsync(some);
        response.Dispose();

        using HttpResponseMessage resumed = await node.OpenAsync(HttpMethod.Get, "/v1/stream/c1?from=20");
        await run.SendAsync("Second");
        run.End(RunEndReason.Stop);
        byte[] rest = await resumed.Content.ReadAsByteArrayAsync();
        using HttpResponseMessage again = await node.OpenAsync(HttpMethod.Get, "/v1/stream/c1");

        run.Aborted.IsCompleted.Should().BeFalse();
        (await again.Content.ReadAsByteArrayAsync()).Should().Equal([.. some, .. rest]);
        resumed.Content.Headers.ContentType.Should().Be(again.Content.Headers.ContentType);
    }

    [Fact]
    public async Task Events_have_ids_and_are_continued_behind_the_last_one()
    {
        await using StoringServer node = await StoringServer.StartAsync("A", "B", "C");
        using HttpResponseMessage response = await node.OpenAsync(HttpMethod.Post, "/v1/chat/completions", Chat, "c1");
        string whole = await response.Content.ReadAsStringAsync();

        using HttpResponseMessage resumed = await node.OpenAsync(HttpMethod.Get, "/v1/stream/c1", last: "1");
        string rest = await resumed.Content.ReadAsStringAsync();

        whole.Should().StartWith("id: 0\ndata: ");
        rest.Should().StartWith("id: 2\ndata: ").And.EndWith("data: [DONE]\n\n");
        whole.Should().EndWith(rest);
    }

    [Fact]
    public async Task Two_clients_read_one_stream()
    {
        await using StoringServer node = await StoringServer.StartAsync(_held.Engine);
        (HttpResponseMessage first, FakeRun run) = await StartAsync(node, node.Server.Client, "/v1/chat/completions", Chat);
        using HttpResponseMessage second = await node.OpenAsync(HttpMethod.Get, "/v1/stream/c1");
        await run.SendAsync("Second");
        run.End(RunEndReason.Stop);

        string[] both = await Task.WhenAll(first.Content.ReadAsStringAsync(), second.Content.ReadAsStringAsync());

        both[0].Should().Be(both[1]).And.Contain("Second").And.EndWith("[DONE]\n\n");
        first.Dispose();
    }

    [Fact]
    public async Task Without_a_reader_the_run_ends_after_the_linger_time()
    {
        await using StoringServer node = await StoringServer.StartAsync(_held.Engine, static options => options with { Linger = TimeSpan.FromMilliseconds(100) });
        using HttpClient client = node.Server.NewClient();
        (HttpResponseMessage response, FakeRun run) = await StartAsync(node, client, "/v1/chat/completions", Chat);

        response.Dispose();
        await EventuallyAsync(() => run.Aborted.IsCompleted);
        run.End(RunEndReason.Cancelled);

        await EventuallyAsync(() => node.Server.IsIdle);
    }

    [Theory]
    [InlineData(null, 60)]
    [InlineData("c1", 0)]
    public async Task Without_the_header_or_the_setting_a_run_ends_with_its_client(string? conversation, int linger)
    {
        await using StoringServer node = await StoringServer.StartAsync(_held.Engine, options => options with { Linger = TimeSpan.FromSeconds(linger) });
        using HttpClient client = node.Server.NewClient();
        (HttpResponseMessage response, FakeRun run) = await StartAsync(node, client, "/v1/chat/completions", Chat, conversation);

        response.Dispose();

        await EventuallyAsync(() => run.Aborted.IsCompleted);
        run.End(RunEndReason.Cancelled);
        using HttpResponseMessage resumed = await node.OpenAsync(HttpMethod.Get, "/v1/stream/c1");
        resumed.StatusCode.Should().Be(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_response_that_is_no_stream_ends_with_its_client_in_spite_of_the_header()
    {
        await using StoringServer node = await StoringServer.StartAsync(_held.Engine);
        using HttpClient client = node.Server.NewClient();
        Task<HttpResponseMessage> sent = node.OpenAsync(HttpMethod.Post, "/v1/chat/completions", Chat.Replace(",\"stream\":true", "", StringComparison.Ordinal), "c1", client: client);
        FakeRun run = await _held.NextAsync();

        client.CancelPendingRequests();

        await EventuallyAsync(() => run.Aborted.IsCompleted);
        run.End(RunEndReason.Cancelled);
        await FluentActions.Awaiting(() => sent).Should().ThrowAsync<OperationCanceledException>();
    }

    [Theory]
    [InlineData("/v1/embeddings", """{"model":"m","input":["Hi"]}""")]
    [InlineData("/api/embed", """{"model":"m","input":["Hi"]}""")]
    public async Task A_request_that_cannot_be_resumed_leaves_the_queue_with_its_client_in_spite_of_the_header(string path, string body)
    {
        await using StoringServer node = await StoringServer.StartAsync(_held.Engine);
        (HttpResponseMessage response, FakeRun run) = await StartAsync(node, node.Server.Client, "/v1/chat/completions", Chat);
        RunQueue queue = node.Server.Services.GetRequiredService<RunQueue>();
        using HttpClient client = node.Server.NewClient();
        Task<HttpResponseMessage> sent = node.OpenAsync(HttpMethod.Post, path, body, "c2", client: client);
        await EventuallyAsync(() => queue.Waiting == 1);

        client.CancelPendingRequests();

        await EventuallyAsync(() => queue.Waiting == 0);
        await FluentActions.Awaiting(() => sent).Should().ThrowAsync<OperationCanceledException>();
        run.End(RunEndReason.Stop);
        response.Dispose();
    }

    [Fact]
    public async Task Another_key_finds_no_stream()
    {
        await using StoringServer node = await StoringServer.StartAsync("A");
        using HttpResponseMessage response = await node.OpenAsync(HttpMethod.Post, "/v1/chat/completions", Chat, "c1");
        await response.Content.ReadAsStringAsync();

        (await node.SendAsync(HttpMethod.Get, "/v1/stream/c1", key: "other")).Status.Should().Be(HttpStatusCode.NotFound);
        (await node.SendAsync(HttpMethod.Post, "/v1/streams/lookup", """{"conversation_ids":["c1"]}""", "other")).Body.GetArrayLength().Should().Be(0);
        (await node.PostAsync("/v1/streams/lookup", """{"conversation_ids":["c1","c2"]}""")).Body[0].GetProperty("is_done").GetBoolean().Should().BeTrue();
    }

    [Fact]
    public async Task A_stream_is_cancelled_by_its_id()
    {
        await using StoringServer node = await StoringServer.StartAsync(_held.Engine);
        (HttpResponseMessage response, FakeRun run) = await StartAsync(node, node.Server.Client, "/v1/chat/completions", Chat);

        using HttpResponseMessage deleted = await node.OpenAsync(HttpMethod.Delete, "/v1/stream?conv_id=c1");
        await EventuallyAsync(() => run.Aborted.IsCompleted);
        run.End(RunEndReason.Cancelled);

        deleted.StatusCode.Should().Be(HttpStatusCode.NoContent);
        using HttpResponseMessage again = await node.OpenAsync(HttpMethod.Delete, "/v1/stream/c1");
        again.StatusCode.Should().Be(HttpStatusCode.NoContent);
        response.Dispose();
    }

    [Fact]
    public async Task A_new_request_with_the_same_id_replaces_the_stream()
    {
        await using StoringServer node = await StoringServer.StartAsync(_held.Engine);
        (HttpResponseMessage response, FakeRun run) = await StartAsync(node, node.Server.Client, "/v1/chat/completions", Chat);

        Task<HttpResponseMessage> second = node.OpenAsync(HttpMethod.Post, "/v1/chat/completions", Chat.Replace("Hi", "Two", StringComparison.Ordinal), "c1");
        await EventuallyAsync(() => run.Aborted.IsCompleted);
        run.End(RunEndReason.Cancelled);
        FakeRun next = await _held.NextAsync();
        await next.SendAsync("New");
        next.End(RunEndReason.Stop);

        using HttpResponseMessage answer = await second;
        (await answer.Content.ReadAsStringAsync()).Should().Contain("New").And.NotContain("First");
        response.Dispose();
    }

    [Fact]
    public async Task A_stream_that_fails_before_its_start_has_the_status_of_the_error()
    {
        await using StoringServer node = await StoringServer.StartAsync(_held.Engine);
        Task<HttpResponseMessage> sent = node.OpenAsync(HttpMethod.Post, "/v1/chat/completions", Chat, "c1");
        (await _held.NextAsync()).End(RunEndReason.Error, "the NPU is gone");

        using HttpResponseMessage response = await sent;

        response.StatusCode.Should().Be(HttpStatusCode.InternalServerError);
        (await TestServer.JsonAsync(response)).GetProperty("error").GetProperty("message").GetString().Should().Contain("NPU is gone");
    }

    [Fact]
    public async Task A_stream_that_fails_later_ends_with_the_error_and_a_cut_for_each_reader()
    {
        await using StoringServer node = await StoringServer.StartAsync(_held.Engine);
        (HttpResponseMessage response, FakeRun run) = await StartAsync(node, node.Server.Client, "/v1/chat/completions", Chat);
        run.End(RunEndReason.Error, "the NPU is gone");
        using HttpResponseMessage resumed = await node.OpenAsync(HttpMethod.Get, "/v1/stream/c1");

        foreach (HttpResponseMessage reader in (HttpResponseMessage[])[response, resumed])
        {
            using StreamReader lines = new(await reader.Content.ReadAsStreamAsync());
            (await lines.ReadToLineAsync("data: {\"error\"")).Should().Contain("NPU is gone");
            await FluentActions.Awaiting(() => lines.ReadToEndAsync()).Should().ThrowAsync<HttpIOException>();
        }

        response.Dispose();
    }

    /// <summary>Starts a stream, and returns it when its first token is there.</summary>
    private async Task<(HttpResponseMessage Response, FakeRun Run)> StartAsync(StoringServer node, HttpClient client, string path, string body, string? conversation = "c1")
    {
        Task<HttpResponseMessage> sent = node.OpenAsync(HttpMethod.Post, path, body, conversation, client: client);
        FakeRun run = await _held.NextAsync();
        await run.SendAsync("First");
        return (await sent, run);
    }
}
