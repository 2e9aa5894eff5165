using System.Net;
using System.Text;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Http;

/// <summary>A retry replaces the request that it repeats. Other requests do not.</summary>
public sealed class RetryDeduplicatorTests : IDisposable
{
    private const string Chat = """{"model":"m","messages":[{"role":"user","content":"Hi"}]}""";

    private readonly HeldRuns _held = new();

    public static TheoryData<string> Apis => ApiForm.Names;

    public void Dispose() => _held.Dispose();

    [Theory]
    [InlineData("Idempotency-Key: k", "Idempotency-Key: k")]
    [InlineData("", "X-Stainless-Retry-Count: 1")]
    [InlineData("X-Stainless-Retry-Count: 0", "X-Stainless-Retry-Count: 2")]
    [InlineData("Authorization: Bearer a", "Authorization: Bearer a\nX-Stainless-Retry-Count: 1")]
    public async Task A_retry_aborts_the_run_that_it_repeats_and_gets_its_own(string first, string second)
    {
        await using TestServer server = await StartAsync();
        Task<HttpResponseMessage> request = SendAsync(server, Chat, first);
        FakeRun run = await _held.NextAsync();

        Task<HttpResponseMessage> retry = SendAsync(server, Chat, second);
        await run.Aborted.WaitAsync(Patience);
        run.End(RunEndReason.Cancelled);
        FakeRun next = await _held.NextAsync();
        await next.SendAsync("mine");
        next.End(RunEndReason.Stop);

        using HttpResponseMessage answered = await retry, replaced = await request;
        answered.StatusCode.Should().Be(HttpStatusCode.OK);
        ((int)replaced.StatusCode).Should().Be(499);
        (await replaced.Content.ReadAsStringAsync()).Should().Contain("A retry of this request has taken its place.");
        _held.Count.Should().Be(2);
    }

    [Theory]
    [MemberData(nameof(Apis))]
    public async Task A_retry_replaces_the_running_request_of_every_api(string name)
    {
        ApiForm form = ApiForm.Of(name);
        await using TestServer server = await StartAsync();
        await server.LoadAsync();
        Task<HttpResponseMessage> request = SendAsync(server, form.Body(stream: false), "", form.Path);
        FakeRun run = await _held.NextAsync();

        Task<HttpResponseMessage> retry = SendAsync(server, form.Body(stream: false), "X-Stainless-Retry-Count: 1", form.Path);
        await run.Aborted.WaitAsync(Patience);
        run.End(RunEndReason.Cancelled);
        (await _held.NextAsync()).End(RunEndReason.Stop);

        (await retry).StatusCode.Should().Be(HttpStatusCode.OK);
        using HttpResponseMessage replaced = await request;
        ((int)replaced.StatusCode).Should().Be(499);
        form.ErrorOf(await replaced.Content.ReadAsStringAsync()).Should().Be("A retry of this request has taken its place.");
    }

    [Fact]
    public async Task A_second_retry_replaces_the_first_also_while_the_original_still_ends()
    {
        await using TestServer server = await StartAsync();
        Task<HttpResponseMessage> original = SendAsync(server, Chat, "Idempotency-Key: k");
        FakeRun run = await _held.NextAsync();
        Task<HttpResponseMessage> first = SendAsync(server, Chat, "Idempotency-Key: k");
        await run.Aborted.WaitAsync(Patience);
        await EventuallyAsync(() => server.QueueLength == 1);

        Task<HttpResponseMessage> second = SendAsync(server, Chat, "Idempotency-Key: k");

        ((int)(await first.WaitAsync(Patience)).StatusCode).Should().Be(499);
        run.End(RunEndReason.Cancelled);
        (await _held.NextAsync()).End(RunEndReason.Stop);
        ((int)(await original).StatusCode).Should().Be(499);
        (await second).StatusCode.Should().Be(HttpStatusCode.OK);
        _held.Count.Should().Be(2);
    }

    [Theory]
    [MemberData(nameof(Apis))]
    public async Task A_retry_replaces_the_waiting_request_of_every_api(string name)
    {
        ApiForm form = ApiForm.Of(name);
        await using TestServer server = await StartAsync();
        await server.LoadAsync();
        Task<HttpResponseMessage> running = SendAsync(server, """{"model":"m","messages":[{"role":"user","content":"First"}]}""", "");
        FakeRun run = await _held.NextAsync();
        Task<HttpResponseMessage> waiting = SendAsync(server, form.Body(stream: false), "Idempotency-Key: k", form.Path);
        await EventuallyAsync(() => server.QueueLength == 1);

        Task<HttpResponseMessage> retry = SendAsync(server, form.Body(stream: false), "Idempotency-Key: k", form.Path);

        ((int)(await waiting).StatusCode).Should().Be(499);
        await EventuallyAsync(() => server.QueueLength == 1);
        run.End(RunEndReason.Stop);
        (await _held.NextAsync()).End(RunEndReason.Stop);
        (await running).StatusCode.Should().Be(HttpStatusCode.OK);
        (await retry).StatusCode.Should().Be(HttpStatusCode.OK);
        _held.Count.Should().Be(2);
    }

    [Theory]
    [InlineData("", "", Chat)]
    [InlineData("X-Stainless-Retry-Count: 0", "X-Stainless-Retry-Count: 0", Chat)]
    [InlineData("Idempotency-Key: k", "Idempotency-Key: other", Chat)]
    [InlineData("Idempotency-Key: k\nAuthorization: Bearer a", "Idempotency-Key: k\nAuthorization: Bearer b", Chat)]
    [InlineData("Authorization: Bearer a", "Authorization: Bearer b\nX-Stainless-Retry-Count: 1", Chat)]
    [InlineData("X-Forwarded-For: 10.0.0.1", "X-Forwarded-For: 10.0.0.2\nX-Stainless-Retry-Count: 1", Chat)]
    [InlineData("", "X-Stainless-Retry-Count: 1", """{"model":"m","messages":[{"role":"user","content":"Hi!"}]}""")]
    public async Task Requests_without_retry_headers_are_queued(string first, string second, string body)
    {
        await using TestServer server = await StartAsync();
        Task<HttpResponseMessage> request = SendAsync(server, Chat, first);
        FakeRun run = await _held.NextAsync();

        Task<HttpResponseMessage> other = SendAsync(server, body, second);
        await EventuallyAsync(() => server.QueueLength == 1);

        run.Aborted.IsCompleted.Should().BeFalse();
        run.End(RunEndReason.Stop);
        (await _held.NextAsync()).End(RunEndReason.Stop);
        (await request).StatusCode.Should().Be(HttpStatusCode.OK);
        (await other).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_retry_of_a_waiting_request_takes_its_place_in_the_queue()
    {
        await using TestServer server = await StartAsync();
        Task<HttpResponseMessage> running = SendAsync(server, """{"model":"m","messages":[{"role":"user","content":"First"}]}""", "");
        FakeRun run = await _held.NextAsync();
        Task<HttpResponseMessage> waiting = SendAsync(server, Chat, "");
        await EventuallyAsync(() => server.QueueLength == 1);

        Task<HttpResponseMessage> retry = SendAsync(server, Chat, "X-Stainless-Retry-Count: 1");

        using HttpResponseMessage replaced = await waiting;
        ((int)replaced.StatusCode).Should().Be(499);
        await EventuallyAsync(() => server.QueueLength == 1);
        run.End(RunEndReason.Stop);
        (await _held.NextAsync()).End(RunEndReason.Stop);
        (await running).StatusCode.Should().Be(HttpStatusCode.OK);
        (await retry).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_retry_of_the_active_run_enters_a_full_queue_and_other_requests_do_not()
    {
        await using TestServer server = await StartAsync(options => options with { QueueLength = 1 });
        Task<HttpResponseMessage> running = SendAsync(server, Chat, "");
        FakeRun run = await _held.NextAsync();
        Task<HttpResponseMessage> waiting = SendAsync(server, """{"model":"m","messages":[{"role":"user","content":"Second"}]}""", "");
        await EventuallyAsync(() => server.QueueLength == 1);

        Task<HttpResponseMessage> retry = SendAsync(server, Chat, "X-Stainless-Retry-Count: 1");
        await EventuallyAsync(() => server.QueueLength == 2);
        using HttpResponseMessage other = await SendAsync(server, """{"model":"m","messages":[{"role":"user","content":"Third"}]}""", "X-Stainless-Retry-Count: 1");

        other.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        run.End(RunEndReason.Cancelled);
        (await _held.NextAsync()).End(RunEndReason.Stop);
        (await _held.NextAsync()).End(RunEndReason.Stop);
        (await waiting).StatusCode.Should().Be(HttpStatusCode.OK);
        (await retry).StatusCode.Should().Be(HttpStatusCode.OK);
        ((int)(await running).StatusCode).Should().Be(499);
    }

    [Fact]
    public async Task A_stream_that_is_replaced_is_cut()
    {
        await using TestServer server = await StartAsync();
        string streaming = Chat.Replace("\"model\"", "\"stream\":true,\"model\"");
        using HttpRequestMessage message = Message(streaming, "");
        Task<HttpResponseMessage> request = server.Client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
        FakeRun run = await _held.NextAsync();
        await run.SendAsync("half");
        using HttpResponseMessage response = await request;

        Task<HttpResponseMessage> retry = SendAsync(server, streaming, "X-Stainless-Retry-Count: 1");
        await run.Aborted.WaitAsync(Patience);
        run.End(RunEndReason.Cancelled);

        Func<Task> read = () => response.Content.ReadAsStringAsync();
        await read.Should().ThrowAsync<HttpRequestException>();
        (await _held.NextAsync()).End(RunEndReason.Stop);
        (await retry).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    private async Task<TestServer> StartAsync(Func<NodeOptions, NodeOptions>? configure = null)
    {
        TestServer server = await TestServer.StartAsync(_held.Engine, configure);
        server.AddModel("m");
        return server;
    }

    private static async Task<HttpResponseMessage> SendAsync(TestServer server, string body, string headers, string path = "/v1/chat/completions")
    {
        using HttpRequestMessage message = Message(body, headers, path);
        return await server.Client.SendAsync(message);
    }

    private static HttpRequestMessage Message(string body, string headers, string path = "/v1/chat/completions")
    {
        HttpRequestMessage message = new(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        foreach (string header in headers.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            message.Headers.TryAddWithoutValidation(header.Split(": ")[0], header.Split(": ")[1]);
        return message;
    }
}
