using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Middleware;

/// <summary>The headers of every response: node, model, request id and timings.</summary>
public sealed partial class NodeHeadersMiddlewareTests : IDisposable
{
    private readonly HeldRuns _held = new();

    public static TheoryData<string> Apis => ApiForm.Names;

    public void Dispose() => _held.Dispose();

    [Theory]
    [InlineData("GET", "/", 200)]
    [InlineData("GET", "/nowhere", 404)]
    [InlineData("GET", "/generate", 405)]
    [InlineData("GET", "/health", 200)]
    [InlineData("GET", "/metrics", 200)]
    [InlineData("HEAD", "/ready", 200)]
    [InlineData("POST", "/v1/chat/completions", 400)]
    public async Task Every_answer_has_headers_with_node_and_model(string method, string path, int status)
    {
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { NodeName = "node1" });
        await server.LoadAsync("m");
        using HttpRequestMessage request = new(new(method), path);

        using HttpResponseMessage response = await server.Client.SendAsync(request);

        ((int)response.StatusCode).Should().Be(status);
        Header(response, "X-RkLlama-Node").Should().Be("node1");
        Header(response, "X-RkLlama-Model").Should().Be("m");
        Header(response, "X-Request-Id").Should().NotBeEmpty();
        response.Headers.Contains("Server-Timing").Should().BeFalse("nothing ran");
    }

    [Fact]
    public async Task Requests_that_are_refused_by_a_middleware_have_the_headers_too()
    {
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { NodeName = "node1", ApiKey = "secret" });
        using HttpResponseMessage unauthorized = await server.Client.GetAsync(new Uri("/models", UriKind.Relative));
        server.Client.DefaultRequestHeaders.Add("X-Api-Key", "secret");
        server.Services.GetRequiredService<RunQueue>().Close();

        using HttpResponseMessage draining = await server.Client.GetAsync(new Uri("/models", UriKind.Relative));

        unauthorized.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        draining.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        Header(unauthorized, "X-RkLlama-Node").Should().Be("node1");
        Header(draining, "X-RkLlama-Node").Should().Be("node1");
    }

    [Fact]
    public async Task Without_a_model_there_is_no_model_header()
    {
        await using TestServer server = await TestServer.StartAsync();

        using HttpResponseMessage response = await server.Client.GetAsync(server.Address);

        response.Headers.Contains("X-RkLlama-Model").Should().BeFalse();
        Header(response, "X-RkLlama-Node").Should().Be(Uri.EscapeDataString(Environment.MachineName));
    }

    [Theory]
    [InlineData("Qwen 2.5 (größer), 100%", "Qwen%202.5%20%28gr%C3%B6%C3%9Fer%29%2C%20100%25")]
    [InlineData("deepseek-r1_1.5b", "deepseek-r1_1.5b")]
    public async Task Any_name_of_a_model_is_a_header(string name, string header)
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync(name);

        using HttpResponseMessage response = await server.Client.GetAsync(server.Address);

        Header(response, "X-RkLlama-Model").Should().Be(header);
        Uri.UnescapeDataString(header).Should().Be(name);
    }

    [Fact]
    public async Task The_model_header_names_the_model_that_ran()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync("m");
        server.AddModel("other");

        using HttpResponseMessage response = await server.PostAsync("/v1/chat/completions", """{"model":"other","messages":[{"role":"user","content":"Hi"}]}""");

        Header(response, "X-RkLlama-Model").Should().Be("other");
    }

    [Theory]
    [InlineData("abc-DEF_1.2", true)]
    [InlineData("with blank", false)]
    [InlineData("<script>", false)]
    [InlineData("", false)]
    public async Task A_valid_request_id_of_the_client_is_used(string id, bool isTaken)
    {
        await using TestServer server = await TestServer.StartAsync();
        using HttpRequestMessage request = new(HttpMethod.Get, "/nowhere");
        request.Headers.TryAddWithoutValidation("X-Request-Id", id);

        using HttpResponseMessage response = await server.Client.SendAsync(request);

        (Header(response, "X-Request-Id") == id).Should().Be(isTaken);
        Header(response, "X-Request-Id").Should().MatchRegex("^[A-Za-z0-9._:-]{1,128}$");
    }

    [Theory]
    [InlineData(128, true)]
    [InlineData(129, false)]
    public async Task The_length_of_a_request_id_is_limited(int length, bool isTaken)
    {
        await using TestServer server = await TestServer.StartAsync();
        string id = new('a', length);
        using HttpRequestMessage request = new(HttpMethod.Get, "/");
        request.Headers.TryAddWithoutValidation("X-Request-Id", id);

        using HttpResponseMessage response = await server.Client.SendAsync(request);

        (Header(response, "X-Request-Id") == id).Should().Be(isTaken);
    }

    [Fact]
    public async Task The_log_has_the_request_id_of_the_client()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();
        using HttpRequestMessage request = new(HttpMethod.Post, "/generate") { Content = new StringContent(Hello) };
        request.Headers.Add("X-Request-Id", "ticket-4711");

        (await server.Client.SendAsync(request)).Dispose();

        await EventuallyAsync(() => server.Log.Contains("Finished: model m", StringComparison.Ordinal));
        server.Log.Split('\n').Single(line => line.Contains("Finished: ", StringComparison.Ordinal)).Should().Contain("ticket-4711");
    }

    [Theory]
    [MemberData(nameof(Apis))]
    public async Task An_answer_in_one_piece_has_all_timings_in_its_headers(string api)
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();
        ApiForm form = ApiForm.Of(api);

        using HttpResponseMessage response = await server.PostAsync(form.Path, form.Body(stream: false));

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        string timing = Header(response, "Server-Timing");
        Metrics(timing).Should().Equal("queue", "load", "prefill", "decode", "total");
        Durations(timing).Should().OnlyContain(static duration => duration >= 0);
        Durations(timing)[4].Should().BeGreaterThanOrEqualTo(Durations(timing)[..2].Sum() - 0.2, "the total has all of them, each rounded");
    }

    [Theory]
    [MemberData(nameof(Apis))]
    public async Task The_headers_of_a_stream_have_the_timings_known_when_it_begins(string api)
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        ApiForm form = ApiForm.Of(api);
        using HttpRequestMessage request = new(HttpMethod.Post, form.Path) { Content = new StringContent(form.Body(stream: true)) };
        Task<HttpResponseMessage> sending = server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        FakeRun run = await _held.NextAsync();
        await run.SendAsync("Hello");

        using HttpResponseMessage response = await sending;
        run.End(RunEndReason.Stop);

        Metrics(Header(response, "Server-Timing")).Should().Equal("queue", "load");
    }

    [Fact]
    public async Task The_time_in_the_queue_is_in_the_header()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        Task<HttpResponseMessage> first = server.PostAsync("/generate", Hello);
        FakeRun run = await _held.NextAsync();
        Task<HttpResponseMessage> second = server.PostAsync("/generate", Hello);
        await EventuallyAsync(() => server.QueueLength == 1);
        long waited = System.Diagnostics.Stopwatch.GetTimestamp();
        (await server.Client.GetAsync(server.Address)).Dispose();
        double atLeast = System.Diagnostics.Stopwatch.GetElapsedTime(waited).TotalMilliseconds;

        run.End(RunEndReason.Stop);
        (await _held.NextAsync()).End(RunEndReason.Stop);

        using HttpResponseMessage response = await second;
        Durations(Header(response, "Server-Timing"))[0].Should().BeGreaterThan(Math.Floor(atLeast * 10) / 10 - 0.1);
        (await first).Dispose();
    }

    private static string Header(HttpResponseMessage response, string name) => response.Headers.NonValidated[name].Should().ContainSingle().Which;

    private static string[] Metrics(string timing) => [.. Timing.Matches(timing).Select(static match => match.Groups[1].Value)];

    private static double[] Durations(string timing) =>
        [.. Timing.Matches(timing).Select(static match => double.Parse(match.Groups[2].Value, System.Globalization.CultureInfo.InvariantCulture))];

    [GeneratedRegex(@"(?:^|, )([a-z]+);dur=([0-9]+(?:\.[0-9])?)")]
    private static partial Regex Timing { get; }
}
