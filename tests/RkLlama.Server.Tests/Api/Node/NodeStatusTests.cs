using System.Net;
using System.Text.Json;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Api.Node;

/// <summary>The state of the node, its requests and their cancellation.</summary>
public sealed class NodeStatusTests : IDisposable
{
    private const string Secret = "the-content-of-the-request";
    private const string Body = $$"""{"model":"m","messages":[{"role":"user","content":"{{Secret}}"}]}""";

    private readonly HeldRuns _held = new();

    public void Dispose() => _held.Dispose();

    [Fact]
    public async Task The_status_has_everything_that_the_page_shows()
    {
        await using TestServer server = await TestServer.StartAsync(configure: static options => options with { NodeName = "node1", AllowsEdits = true, Peers = [new("http://node2:8080")] });
        await server.LoadAsync();
        (await server.PostAsync("/v1/chat/completions", Body)).Dispose();

        (HttpStatusCode code, JsonElement status) = await server.GetJsonAsync("/node/status");

        code.Should().Be(HttpStatusCode.OK);
        status.GetProperty("node").GetString().Should().Be("node1");
        status.GetProperty("state").GetString().Should().Be("loaded");
        status.GetProperty("ready").GetProperty("status").GetString().Should().Be("ready");
        JsonElement model = status.GetProperty("models")[0];
        model.GetProperty("name").GetString().Should().Be("m");
        model.GetProperty("load_seconds").GetDouble().Should().BeGreaterThanOrEqualTo(0);
        model.GetProperty("context_length").GetInt32().Should().Be(4096);
        status.GetProperty("queue").GetRawText().Should().Be("""{"running":0,"waiting":0,"capacity":64}""");
        status.GetProperty("disk").GetProperty("free_bytes").GetInt64().Should().BePositive();
        status.GetProperty("library").GetProperty("version").GetString().Should().Be("1.2.3");
        status.GetProperty("npu").GetProperty("clocks").GetArrayLength().Should().BeGreaterThanOrEqualTo(3);
        status.GetProperty("features").GetRawText().Should().Be("""{"api_key":false,"read_only":false,"allow_edit":true,"log":false,"peers":1}""");
        status.GetProperty("requests").GetArrayLength().Should().Be(0);
    }

    [Fact]
    public async Task Requests_show_their_phase_and_their_place_in_the_queue()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        Task<HttpResponseMessage> first = PostAsync(server, "first");
        FakeRun run = await _held.NextAsync();
        Task<HttpResponseMessage> second = PostAsync(server, "second");
        await EventuallyAsync(() => server.QueueLength == 1);
        Task<HttpResponseMessage> third = PostAsync(server, "third");
        await EventuallyAsync(() => server.QueueLength == 2);
        await run.SendAsync("Hello");
        await EventuallyAsync(() => PhaseOf(server, "first") == "decode");

        JsonElement[] requests = [.. (await server.GetJsonAsync("/node/status")).Body.GetProperty("requests").EnumerateArray()];

        requests.Select(static request => (Text(request, "id"), Text(request, "phase"))).Should().Equal(("first", "decode"), ("second", "queued"), ("third", "queued"));
        requests.Select(static request => request.GetProperty("position").GetRawText()).Should().Equal("null", "1", "2");
        requests[2].GetProperty("expected_wait_seconds").GetInt32().Should().BePositive();
        requests[0].GetProperty("output_tokens").GetInt32().Should().Be(1);
        requests[0].GetProperty("prompt_tokens").GetInt32().Should().BePositive();
        run.End(RunEndReason.Stop);
        for (int i = 0; i < 2; i++)
            (await _held.NextAsync()).End(RunEndReason.Stop);
        foreach (HttpResponseMessage response in await Task.WhenAll(first, second, third))
            response.Dispose();
    }

    [Fact]
    public async Task The_history_has_figures_and_no_content()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();
        using HttpResponseMessage answer = await PostAsync(server, "req-1");
        (await server.PostAsync("/v1/chat/completions", """{"model":"absent","messages":[{"role":"user","content":"Hi"}]}""")).Dispose();
        await server.GetJsonAsync("/health");
        await EventuallyAsync(() => server.GetJsonAsync("/node/requests").GetAwaiter().GetResult().Body.GetProperty("requests").GetArrayLength() == 1);

        JsonElement requests = (await server.GetJsonAsync("/node/requests")).Body;

        JsonElement request = requests.GetProperty("requests")[0];
        (Text(request, "id"), Text(request, "model"), Text(request, "api"), Text(request, "path")).Should().Be(("req-1", "m", "openai", "/v1/chat/completions"));
        (Text(request, "finish"), request.GetProperty("status").GetInt32(), request.GetProperty("output_tokens").GetInt32()).Should().Be(("stop", 200, 3));
        request.GetProperty("client").GetString().Should().Be("127.0.0.1");
        request.GetProperty("total_ms").GetDouble().Should().BePositive();
        request.GetProperty("time_to_first_token_ms").GetDouble().Should().BePositive();
        requests.GetRawText().Should().NotContain(Secret).And.NotContain("Hello");
    }

    [Fact]
    public async Task The_history_can_be_asked_for_what_is_new()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();
        (await PostAsync(server, "old")).Dispose();
        await EventuallyAsync(() => Count("") == 1);
        string since = Uri.EscapeDataString((await server.GetJsonAsync("/node/requests")).Body.GetProperty("requests")[0].GetProperty("ended").GetString()!);

        (await PostAsync(server, "new")).Dispose();
        await EventuallyAsync(() => Count("") == 2);

        Count($"?since={since}").Should().Be(1);
        (await server.GetJsonAsync("/node/requests?since=yesterday")).Status.Should().Be(HttpStatusCode.BadRequest);

        int Count(string query) => server.GetJsonAsync("/node/requests" + query).GetAwaiter().GetResult().Body.GetProperty("requests").GetArrayLength();
    }

    [Fact]
    public async Task A_running_request_can_be_cancelled()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        Task<HttpResponseMessage> running = PostAsync(server, "req-1");
        FakeRun run = await _held.NextAsync();

        (HttpStatusCode code, JsonElement body) = await server.PostJsonAsync("/node/requests/req-1/cancel", "");
        await run.Aborted.WaitAsync(Patience);
        run.End(RunEndReason.Cancelled);
        using HttpResponseMessage response = await running;

        (code, body.GetProperty("cancelled").GetInt32()).Should().Be((HttpStatusCode.OK, 1));
        ((int)response.StatusCode).Should().Be(499);
        (await response.Content.ReadAsStringAsync()).Should().Contain("The operator has cancelled");
        await EventuallyAsync(() => server.GetJsonAsync("/node/requests").GetAwaiter().GetResult().Body.GetProperty("requests").GetArrayLength() == 1);
        Text((await server.GetJsonAsync("/node/requests")).Body.GetProperty("requests")[0], "finish").Should().Be("cancelled");
    }

    [Fact]
    public async Task A_waiting_request_can_be_cancelled_and_an_unknown_one_cannot()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        Task<HttpResponseMessage> running = PostAsync(server, "first"), waiting;
        FakeRun run = await _held.NextAsync();
        waiting = PostAsync(server, "second");
        await EventuallyAsync(() => server.QueueLength == 1);

        HttpStatusCode code = (await server.PostJsonAsync("/node/requests/second/cancel", "")).Status, unknown = (await server.PostJsonAsync("/node/requests/third/cancel", "")).Status;
        using HttpResponseMessage cancelled = await waiting;

        (code, unknown, (int)cancelled.StatusCode).Should().Be((HttpStatusCode.OK, HttpStatusCode.NotFound, 499));
        server.QueueLength.Should().Be(0);
        run.End(RunEndReason.Stop);
        (await running).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_endpoints_of_the_page_need_the_key()
    {
        await using TestServer server = await TestServer.StartAsync(configure: static options => options with { ApiKey = "secret" });

        foreach (string path in (string[])["status", "events", "requests", "doctor", "peers", "log", "names", "models/m/modelfile"])
            (await server.GetJsonAsync("/node/" + path)).Status.Should().Be(HttpStatusCode.Unauthorized, path);
    }

    private static string? Text(JsonElement owner, string name) => owner.GetProperty(name).GetString();

    private static string? PhaseOf(TestServer server, string id) =>
        server.GetJsonAsync("/node/status").GetAwaiter().GetResult().Body.GetProperty("requests").EnumerateArray().Where(request => Text(request, "id") == id).Select(static request => Text(request, "phase")).FirstOrDefault();

    private static async Task<HttpResponseMessage> PostAsync(TestServer server, string id)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Body) };
        request.Headers.Add("X-Request-Id", id);
        return await server.Client.SendAsync(request);
    }
}
