using System.Net;
using Microsoft.Extensions.DependencyInjection;
using RkLlama.Architecture.Tests;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Monitoring;

/// <summary>The samples of <c>/metrics</c> after requests, failures and loads.</summary>
public sealed class MetricsTests : IDisposable
{
    private const string Chat = """{"model":"m","messages":[{"role":"user","content":"Hi"}]}""";

    private readonly HeldRuns _held = new();

    public void Dispose() => _held.Dispose();

    [Fact]
    public async Task The_page_has_the_content_type_of_Prometheus()
    {
        await using TestServer server = await TestServer.StartAsync();

        using HttpResponseMessage response = await server.Client.GetAsync(new Uri("/metrics", UriKind.Relative));

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.ToString().Should().Be("text/plain; version=0.0.4; charset=utf-8");
    }

    [Fact]
    public async Task A_request_is_counted_by_api_model_status_and_finish_reason_with_its_tokens_and_times()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();

        await server.PostAsync("/v1/chat/completions", Chat);
        await server.PostAsync("/api/chat", Chat);
        await server.PostAsync("/generate", Hello);

        MetricsPage page = await EndedAsync(server, 3);
        foreach (string api in (string[])["openai", "ollama", "rkllama"])
        {
            page[$"rkllama_requests_total{{api=\"{api}\",model=\"m\",status=\"200\",finish_reason=\"stop\"}}"].Should().Be(1);
            page[$"rkllama_request_duration_seconds_count{{api=\"{api}\"}}"].Should().Be(1);
        }

        page["rkllama_output_tokens_total{model=\"m\"}"].Should().Be(9);
        page["rkllama_prompt_tokens_total{model=\"m\"}"].Should().BePositive();
        page["rkllama_time_to_first_token_seconds_count{model=\"m\"}"].Should().Be(3);
        page["rkllama_queue_wait_seconds_count"].Should().Be(3);
        page["rkllama_queue_wait_seconds_bucket{le=\"0.005\"}"].Should().Be(3, "nobody was in the way");
        page["rkllama_model_load_seconds_count{model=\"m\"}"].Should().Be(1);
        page["rkllama_model_info{model=\"m\"}"].Should().Be(1);
        page["rkllama_model_state{state=\"loaded\"}"].Should().Be(1);
        page["rkllama_model_state{state=\"failed\"}"].Should().Be(0);
        page["rkllama_ready"].Should().Be(1);
        page["rkllama_runtime_info{version=\"1.2.3\",driver_version=\"0.9.8\"}"].Should().Be(1);
    }

    [Fact]
    public async Task Values_sent_by_clients_create_no_series()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();
        await server.PostAsync("/v1/chat/completions", Chat);
        int before = (await EndedAsync(server, 1)).Samples.Count;

        for (int i = 0; i < 50; i++)
        {
            await server.Client.GetAsync(new Uri($"/nowhere/{i}", UriKind.Relative));
            await server.PostAsync("/v1/chat/completions", Chat.Replace("\"m\"", $"\"made-up-{i}\"", StringComparison.Ordinal));
            using HttpRequestMessage odd = new(new HttpMethod($"ODD{i}"), "/v1/models");
            (await server.Client.SendAsync(odd)).Dispose();
        }

        MetricsPage page = await server.MetricsAsync();
        page.Text.Should().NotContain("made-up").And.NotContain("nowhere").And.NotContain("ODD");
        page["rkllama_requests_total{api=\"other\",model=\"\",status=\"404\",finish_reason=\"\"}"].Should().Be(50);
        page["rkllama_requests_total{api=\"openai\",model=\"\",status=\"404\",finish_reason=\"\"}"].Should().Be(50);
        page["rkllama_requests_total{api=\"openai\",model=\"\",status=\"405\",finish_reason=\"\"}"].Should().Be(50);
        page.Samples.Count.Should().BeLessThan(before + 10);
    }

    [Fact]
    public async Task Models_over_the_limit_share_one_label()
    {
        await using TestServer server = await TestServer.StartAsync();
        for (int i = 0; i < 40; i++)
        {
            server.AddModel($"copy-{i}");
            (await server.PostAsync("/v1/chat/completions", Chat.Replace("\"m\"", $"\"copy-{i}\"", StringComparison.Ordinal))).StatusCode.Should().Be(HttpStatusCode.OK);
        }

        MetricsPage page = await EndedAsync(server, 40);

        page.Samples.Keys.Count(static sample => sample.StartsWith("rkllama_output_tokens_total", StringComparison.Ordinal)).Should().Be(33);
        page["rkllama_output_tokens_total{model=\"other\"}"].Should().Be(8 * 3);
    }

    [Fact]
    public async Task The_queue_metrics_count_running_waiting_and_refused_requests()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine, options => options with { QueueLength = 1 });
        await server.LoadAsync();
        Task<HttpResponseMessage> first = server.PostAsync("/generate", Hello);
        FakeRun run = await _held.NextAsync();
        Task<HttpResponseMessage> second = server.PostAsync("/generate", Hello);
        await EventuallyAsync(() => server.QueueLength == 1);

        (await server.PostAsync("/generate", Hello)).Dispose();

        MetricsPage page = await server.MetricsAsync();
        page["rkllama_requests_running"].Should().Be(1);
        page["rkllama_requests_waiting"].Should().Be(1);
        page["rkllama_queue_capacity"].Should().Be(1);
        page["rkllama_ready"].Should().Be(0);
        page["rkllama_rejections_total{cause=\"queue_full\"}"].Should().Be(1);
        page["rkllama_rejections_total{cause=\"queue_timeout\"}"].Should().Be(0);
        page["rkllama_requests_total{api=\"rkllama\",model=\"m\",status=\"503\",finish_reason=\"\"}"].Should().Be(1);
        run.End(RunEndReason.Stop);
        (await _held.NextAsync()).End(RunEndReason.Stop);
        (await first).Dispose();
        (await second).Dispose();
    }

    [Fact]
    public async Task A_disconnected_client_counts_as_an_abort_and_a_failed_run_as_an_error()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        using CancellationTokenSource leave = new();
        Task<HttpResponseMessage> left = server.PostAsync("/generate", Hello, leave.Token);
        FakeRun first = await _held.NextAsync();
        await leave.CancelAsync();
        await first.Aborted.WaitAsync(Patience);
        first.End(RunEndReason.Cancelled);
        Task<HttpResponseMessage> failing = server.PostAsync("/generate", Hello);
        (await _held.NextAsync()).End(RunEndReason.Error, "it broke");
        (await failing).StatusCode.Should().Be(HttpStatusCode.InternalServerError);

        MetricsPage page = await EndedAsync(server, 2);

        page["rkllama_aborts_total{cause=\"client_left\"}"].Should().Be(1);
        page["rkllama_aborts_total{cause=\"unloaded\"}"].Should().Be(0);
        page["rkllama_requests_total{api=\"rkllama\",model=\"m\",status=\"499\",finish_reason=\"cancelled\"}"].Should().Be(1);
        page["rkllama_requests_total{api=\"rkllama\",model=\"m\",status=\"500\",finish_reason=\"error\"}"].Should().Be(1);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
    }

    [Fact]
    public async Task A_stream_that_breaks_off_counts_as_an_error_for_any_status()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        using HttpRequestMessage request = new(HttpMethod.Post, "/generate") { Content = new StringContent(HelloStream) };
        Task<HttpResponseMessage> sending = server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        FakeRun run = await _held.NextAsync();
        await run.SendAsync("half");
        using HttpResponseMessage response = await sending;

        run.End(RunEndReason.Error, "it broke");
        await response.Content.Invoking(content => content.ReadAsStringAsync()).Should().ThrowAsync<Exception>();

        (await EndedAsync(server, 1))["rkllama_requests_total{api=\"rkllama\",model=\"m\",status=\"200\",finish_reason=\"error\"}"].Should().Be(1);
    }

    [Fact]
    public async Task A_load_that_fails_is_counted()
    {
        FakeEngine engine = new() { Load = static (_, _) => throw new EngineException("no") };
        await using TestServer server = await TestServer.StartAsync(engine);
        server.AddModel("m");

        await server.PostAsync("/load_model", """{"model_name":"m"}""");

        (await server.MetricsAsync())["rkllama_model_load_failures_total"].Should().Be(1);
    }

    [Fact]
    public async Task The_page_answers_while_the_node_drains_and_counts_refused_requests()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.Services.GetRequiredService<RunQueue>().Close();
        (await server.Client.GetAsync(server.Address)).StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);

        MetricsPage page = await server.MetricsAsync();

        page["rkllama_ready"].Should().Be(0);
        page["rkllama_rejections_total{cause=\"draining\"}"].Should().Be(1);
    }

    [Fact]
    public async Task The_page_needs_the_key_if_one_is_set()
    {
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { ApiKey = "secret" });
        Uri page = new("/metrics", UriKind.Relative);
        (await server.Client.GetAsync(page)).StatusCode.Should().Be(HttpStatusCode.Unauthorized);

        server.Client.DefaultRequestHeaders.Authorization = new("Bearer", "secret");

        (await server.Client.GetAsync(page)).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_documentation_lists_exactly_the_metrics_of_the_page()
    {
        await using TestServer server = await TestServer.StartAsync();
        string[] documented =
        [
            .. File.ReadLines(Path.Combine(RepositoryRoot.Path, "docs", "monitoring.md"))
                .Where(static line => line.StartsWith("| `rkllama_", StringComparison.Ordinal) || line.StartsWith("| `process_", StringComparison.Ordinal))
                .Select(static line => line.Split('`')[1].Split('{')[0]),
        ];

        // Compares instruments, not samples: many samples exist only after an event.
        await server.MetricsAsync();
        IEnumerable<string> known = server.Services.GetRequiredService<NodeMetrics>().Store.Families.Select(static family => family.Name);

        documented.Should().OnlyHaveUniqueItems().And.BeEquivalentTo(known);
    }

    /// <summary>
    /// Returns the metrics after this many requests have been counted. A request is counted after its handler has returned, so the client may already
    /// have the answer.
    /// </summary>
    private static async Task<MetricsPage> EndedAsync(TestServer server, int runs)
    {
        MetricsPage page = await server.MetricsAsync();
        using CancellationTokenSource timeout = new(Patience);
        while (page.Samples.Where(static sample => sample.Key.StartsWith("rkllama_request_duration_seconds_count", StringComparison.Ordinal)).Sum(static sample => sample.Value) < runs
            || !server.IsIdle)
        {
            timeout.Token.ThrowIfCancellationRequested();
            page = await server.MetricsAsync();
        }

        return page;
    }
}
