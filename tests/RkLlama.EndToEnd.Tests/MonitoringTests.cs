using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>Metrics, agent check and headers of the published executable.</summary>
public sealed partial class MonitoringTests
{
    [Fact]
    public async Task Inter_token_latency_and_the_statistics_of_the_runtime_are_reported()
    {
        await using Node node = await Node.StartAsync("1.2.3");
        await node.LoadAsync();

        await node.AskAsync("!count 40");

        string page = await node.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        Value(page, "rkllama_output_tokens_total{model=\"demo\"}").Should().BeGreaterThanOrEqualTo(40);
        Value(page, "rkllama_inter_token_latency_seconds_count{model=\"demo\"}").Should().BeGreaterThanOrEqualTo(39);
        Value(page, "rkllama_decode_seconds_total{model=\"demo\"}").Should().BePositive();
        Value(page, "rkllama_decode_tokens_per_second_count{model=\"demo\"}").Should().Be(1);
        Value(page, "rkllama_prefill_tokens_per_second_count{model=\"demo\"}").Should().Be(1);
        Value(page, "rkllama_worker_resident_memory_bytes").Should().BePositive();
        Value(page, "process_resident_memory_bytes").Should().BePositive();
        Value(page, "rkllama_node_memory_total_bytes").Should().BeGreaterThan(Value(page, "rkllama_node_memory_available_bytes")!.Value);
    }

    [Theory]
    [InlineData("SIGKILL", null)]
    [InlineData("SIGSEGV", "!fault segv")]
    [InlineData("SIGABRT", "!fault abort")]
    [InlineData("none", "!fault exit")]
    public async Task The_death_of_a_worker_is_counted_with_its_signal(string signal, string? prompt)
    {
        await using Node node = await Node.StartAsync("1.2.3");
        await node.LoadAsync();

        if (prompt is null)
            Node.SignalTo("KILL", await node.WorkerAsync());
        else
            await node.PostJsonAsync("/generate", Node.Chat(prompt));
        await node.EventuallyAsync(() => node.Log.Split("loaded in").Length > 2, "another worker should have loaded");

        string page = await node.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        Value(page, $"rkllama_worker_deaths_total{{signal=\"{signal}\",cause=\"crash\"}}").Should().Be(1);
        Value(page, "rkllama_model_load_seconds_count{model=\"demo\"}").Should().Be(2);
    }

    [Fact]
    public async Task A_worker_that_is_killed_after_a_token_timeout_counts_as_hung()
    {
        await using Node node = await Node.StartAsync("1.2.3", ["--port", "0", "--token-timeout", "0.3", "--abort-grace", "0.3"]);
        await node.LoadAsync();

        await node.PostJsonAsync("/generate", Node.Chat("!fault hang:3"));

        string page = await node.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        Value(page, "rkllama_worker_deaths_total{signal=\"SIGKILL\",cause=\"hung\"}").Should().Be(1);
        Value(page, "rkllama_worker_deaths_total{signal=\"SIGKILL\",cause=\"crash\"}").Should().Be(0);
    }

    [Fact]
    public async Task A_node_reports_draining_to_Prometheus_and_HAProxy_until_it_ends()
    {
        await using Node node = await Node.StartAsync("1.2.3", ["--port", "0", "--agent-port", "0", "--node-name", "node1"]);
        await node.LoadAsync();
        int port = int.Parse(AgentPort.Match(node.Log).Groups[1].Value, CultureInfo.InvariantCulture);
        string idle = await AskAgentAsync(port);
        using HttpResponseMessage running = await node.StreamAsync("!sleep 50 40");
        string busy = await AskAgentAsync(port);

        node.Signal("TERM");
        await node.EventuallyAsync(() => AskAgentAsync(port).GetAwaiter().GetResult() == "up drain\n", "HAProxy should hear of it");
        using HttpResponseMessage scrape = await node.Client.GetAsync(new Uri("/metrics", UriKind.Relative));

        (idle, busy).Should().Be(("up ready 100%\n", "up ready 50%\n"));
        Value(await scrape.Content.ReadAsStringAsync(), "rkllama_ready").Should().Be(0);
        scrape.Headers.GetValues("X-RkLlama-Node").Should().Equal("node1");
        await running.Content.ReadAsStringAsync();
        (await node.WaitForExitAsync()).Should().Be(0);
    }

    private static async Task<string> AskAgentAsync(int port)
    {
        using TcpClient client = new();
        await client.ConnectAsync("127.0.0.1", port);
        using StreamReader reader = new(client.GetStream(), Encoding.ASCII);
        return await reader.ReadToEndAsync().WaitAsync(Node.Patience);
    }

    private static double? Value(string page, string sample) => page.Split('\n').FirstOrDefault(line => line.StartsWith(sample + " ", StringComparison.Ordinal)) is { } line
        ? double.Parse(line[(sample.Length + 1)..], CultureInfo.InvariantCulture)
        : null;

    [GeneratedRegex(@"agent check is answered on 127\.0\.0\.1:([0-9]+)")]
    private static partial Regex AgentPort { get; }
}
