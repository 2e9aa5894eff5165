using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Http;

/// <summary>
/// Errors have the format of the called API. Before the first byte, an error is a status. After that, it is the end of the answer, and the connection is
/// cut.
/// </summary>
public sealed class ApiErrorTests : IDisposable
{
    private readonly HeldRuns _held = new();

    public static TheoryData<string> Apis => ApiForm.Names;

    public static TheoryData<string, bool> ApisTwice => ApiForm.NamesTwice;

    public void Dispose() => _held.Dispose();

    [Theory]
    [MemberData(nameof(ApisTwice))]
    public async Task A_run_that_fails_before_its_first_token_is_a_status(string name, bool stream)
    {
        ApiForm api = ApiForm.Of(name);
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();

        Task<HttpResponseMessage> asking = server.PostAsync(api.Path, api.Body(stream));
        (await _held.NextAsync()).End(RunEndReason.Error, "boom");
        using HttpResponseMessage response = await asking;

        response.StatusCode.Should().Be(HttpStatusCode.InternalServerError);
        api.ErrorOf(await response.Content.ReadAsStringAsync()).Should().Contain("boom");
        server.Log.Should().NotContain("   at ");
    }

    [Theory]
    [MemberData(nameof(Apis))]
    public async Task A_worker_that_dies_during_a_stream_ends_it_with_an_error_and_a_cut(string name)
    {
        ApiForm api = ApiForm.Of(name);
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        Task<HttpResponseMessage> asking = SendAsync(server, api, stream: true);
        FakeRun run = await _held.NextAsync();
        await run.SendAsync("one");
        using HttpResponseMessage response = await asking;

        server.Engine.Sessions[0].Crash("the worker was killed by SIGSEGV");

        await ShouldBreakOffAsync(api, response, stream: true, "SIGSEGV");
        await _held.NextAnswerIsWholeAsync(server);
    }

    [Theory]
    [MemberData(nameof(ApisTwice))]
    public async Task A_queue_timeout_after_a_keep_alive_is_an_error_and_a_cut(string name, bool stream)
    {
        ApiForm api = ApiForm.Of(name);
        await using TestServer server = await StartImpatientAsync(options => options with { MaxQueueWait = TimeSpan.FromMilliseconds(400) });
        await server.LoadAsync();
        Task<HttpResponseMessage> first = server.PostAsync("/generate", Hello);
        FakeRun run = await _held.NextAsync();

        using HttpResponseMessage response = await SendAsync(server, api, stream);

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        response.Headers.GetValues("X-Accel-Buffering").Should().Equal("no");
        await ShouldBreakOffAsync(api, response, stream, "waited");
        run.End(RunEndReason.Stop);
        (await first).Dispose();
        await _held.NextAnswerIsWholeAsync(server);
    }

    [Theory]
    [MemberData(nameof(ApisTwice))]
    public async Task A_drain_fails_waiting_requests_also_after_a_keep_alive(string name, bool stream)
    {
        ApiForm api = ApiForm.Of(name);
        await using TestServer server = await StartImpatientAsync(options => options);
        await server.LoadAsync();
        Task<HttpResponseMessage> first = server.PostAsync("/generate", Hello);
        FakeRun run = await _held.NextAsync();
        using HttpResponseMessage response = await SendAsync(server, api, stream);

        server.Services.GetRequiredService<RunQueue>().Close();

        await ShouldBreakOffAsync(api, response, stream, "shutting down");
        run.End(RunEndReason.Stop);
        (await first).StatusCode.Should().Be(HttpStatusCode.OK, "the one who runs may finish");
    }

    [Theory]
    [MemberData(nameof(ApisTwice))]
    public async Task A_draining_node_answers_503_with_retry_after(string name, bool stream)
    {
        ApiForm api = ApiForm.Of(name);
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        Task<HttpResponseMessage> first = server.PostAsync("/generate", Hello);
        FakeRun run = await _held.NextAsync();
        Task<HttpResponseMessage> asking = server.PostAsync(api.Path, api.Body(stream));
        await EventuallyAsync(() => server.Services.GetRequiredService<RunQueue>().Waiting == 1);

        server.Services.GetRequiredService<RunQueue>().Close();
        using HttpResponseMessage waiting = await asking, late = await server.PostAsync(api.Path, api.Body(stream));

        foreach (HttpResponseMessage refused in (HttpResponseMessage[])[waiting, late])
        {
            refused.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
            refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds.Should().BeInRange(1, 60);
            api.ErrorOf(await refused.Content.ReadAsStringAsync()).Should().Contain("shutting down");
        }

        run.End(RunEndReason.Stop);
        (await first).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Theory]
    [MemberData(nameof(Apis))]
    public async Task Errors_of_queue_key_origin_and_body_size_have_the_form_of_the_api(string name)
    {
        ApiForm api = ApiForm.Of(name);
        await using TestServer server = await TestServer.StartAsync(_held.Engine, options => options with { QueueLength = 0, ApiKey = "secret", MaxRequestBytes = 1 << 20 });
        server.Client.DefaultRequestHeaders.Add("X-Api-Key", "secret");
        await server.LoadAsync();
        Task<HttpResponseMessage> first = server.PostAsync("/generate", Hello);
        FakeRun run = await _held.NextAsync();

        await ShouldBeAsync(HttpStatusCode.ServiceUnavailable, "busy", _ => { });
        await ShouldBeAsync(HttpStatusCode.Unauthorized, "API key", request => request.Headers.Add("X-Api-Key", "another"));
        await ShouldBeAsync(HttpStatusCode.Forbidden, "evil.example", request => request.Headers.Add("Origin", "http://evil.example"));
        await ShouldBeAsync(HttpStatusCode.RequestEntityTooLarge, "larger", request => request.Content = new ByteArrayContent(new byte[2 << 20]));
        await ShouldBeAsync(HttpStatusCode.BadRequest, "nested", request => request.Content = new StringContent(new string('[', 100) + new string(']', 100)));
        run.End(RunEndReason.Stop);
        (await first).Dispose();

        async Task ShouldBeAsync(HttpStatusCode status, string words, Action<HttpRequestMessage> change)
        {
            using HttpRequestMessage request = new(HttpMethod.Post, api.Path) { Content = new StringContent(api.Body(stream: true)) };
            change(request);
            using HttpResponseMessage response = await server.Client.SendAsync(request);
            response.StatusCode.Should().Be(status);
            api.ErrorOf(await response.Content.ReadAsStringAsync()).Should().Contain(words);
        }
    }

    [Theory]
    [MemberData(nameof(ApisTwice))]
    public async Task An_unload_fails_the_running_request_and_the_waiting_ones(string name, bool stream)
    {
        ApiForm api = ApiForm.Of(name);
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        Task<HttpResponseMessage> running = server.PostAsync(api.Path, api.Body(stream));
        await _held.NextAsync();
        Task<HttpResponseMessage> waiting = server.PostAsync(api.Path, api.Body(stream));
        await EventuallyAsync(() => server.Services.GetRequiredService<RunQueue>().Waiting == 1);

        (await server.PostAsync("/unload_model", "")).StatusCode.Should().Be(HttpStatusCode.OK);

        using HttpResponseMessage cut = await running, refused = await waiting;
        cut.StatusCode.Should().Be(HttpStatusCode.InternalServerError);
        api.ErrorOf(await cut.Content.ReadAsStringAsync()).Should().Be("The model was unloaded while it answered.");

        // The guide's endpoint names no model, so there is none that the next request could load.
        (HttpStatusCode status, string error) = name == "generate"
            ? (HttpStatusCode.BadRequest, "No models are currently loaded.")
            : (HttpStatusCode.ServiceUnavailable, "Model m was unloaded while the request waited. Send the request again.");
        refused.StatusCode.Should().Be(status);
        api.ErrorOf(await refused.Content.ReadAsStringAsync()).Should().Be(error);
    }

    private Task<TestServer> StartImpatientAsync(Func<NodeOptions, NodeOptions> configure) => TestServer.StartAsync(_held.Engine, options => configure(options with
    {
        StreamKeepAliveInterval = TimeSpan.FromMilliseconds(30),
        PaddingDelay = TimeSpan.FromMilliseconds(60),
    }));

    private static async Task<HttpResponseMessage> SendAsync(TestServer server, ApiForm api, bool stream)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, api.Path) { Content = new StringContent(api.Body(stream)) };
        return await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>Checks that the answer ends with an error in the format of the API, and that the connection is cut.</summary>
    private static async Task ShouldBreakOffAsync(ApiForm api, HttpResponseMessage response, bool stream, string words)
    {
        StringBuilder received = new();
        using StreamReader reader = new(await response.Content.ReadAsStreamAsync());
        Func<Task> read = async () =>
        {
            char[] buffer = new char[256];
            while (await reader.ReadAsync(buffer) is > 0 and var count)
                received.Append(buffer, 0, count);
        };

        await read.Should().ThrowAsync<IOException>();
        string text = received.ToString();
        api.ErrorOf(stream ? api.Last(text) : text).Should().Contain(words);
    }
}
