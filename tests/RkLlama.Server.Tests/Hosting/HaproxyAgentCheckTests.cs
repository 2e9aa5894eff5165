using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Hosting;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Hosting;

/// <summary>Responses to HAProxy's agent check, over a socket.</summary>
public sealed class HaproxyAgentCheckTests : IDisposable
{
    private readonly HeldRuns _held = new();

    public void Dispose() => _held.Dispose();

    [Fact]
    public async Task Without_its_port_nothing_listens()
    {
        await using TestServer server = await TestServer.StartAsync();

        server.Services.GetRequiredService<HaproxyAgentCheck>().Address.Should().BeNull();
    }

    [Fact]
    public async Task The_weight_falls_with_each_running_or_waiting_request_and_is_0_when_the_queue_is_full()
    {
        await using TestServer server = await StartAsync(queueLength: 2);
        await server.LoadAsync();
        (await AskAsync(server)).Should().Be("up ready 100%\n");

        List<Task<HttpResponseMessage>> asked = [server.PostAsync("/generate", Hello)];
        FakeRun run = await _held.NextAsync();
        string running = await AskAsync(server);
        asked.Add(server.PostAsync("/generate", Hello));
        await EventuallyAsync(() => server.QueueLength == 1);
        string waiting = await AskAsync(server);
        asked.Add(server.PostAsync("/generate", Hello));
        await EventuallyAsync(() => server.QueueLength == 2);
        string full = await AskAsync(server);
        run.End(RunEndReason.Stop);
        (await _held.NextAsync()).End(RunEndReason.Stop);
        (await _held.NextAsync()).End(RunEndReason.Stop);
        foreach (HttpResponseMessage response in await Task.WhenAll(asked))
            response.Dispose();
        await EventuallyAsync(() => server.IsIdle);

        (running, waiting, full).Should().Be(("up ready 50%\n", "up ready 33%\n", "up ready 0%\n"));
        (await AskAsync(server)).Should().Be("up ready 100%\n", "the queue is empty again");
    }

    [Fact]
    public void A_node_that_accepts_requests_has_a_positive_weight_for_any_queue_length() =>
        HaproxyAgentCheck.Weight(isBusy: true, waiting: 100_000).Should().Be(1);

    [Fact]
    public async Task A_draining_node_reports_drain_and_a_restarted_one_reports_ready()
    {
        await using (TestServer server = await StartAsync())
        {
            server.Services.GetRequiredService<RunQueue>().Close();

            (await AskAsync(server)).Should().Be("up drain\n");
        }

        await using TestServer next = await StartAsync();
        (await AskAsync(next)).Should().Contain(" ready ", "HAProxy would keep the drain without it");
    }

    [Fact]
    public async Task A_node_that_cannot_answer_is_down_with_a_reason_on_one_line()
    {
        await using TestServer server = await StartAsync();
        await server.LoadAsync();
        _held.Engine.Sessions[0].Stuck = new(4711, new TaskCompletionSource().Task);

        _held.Engine.Sessions[0].Crash("it broke");
        await EventuallyAsync(() => server.Services.GetRequiredService<ModelHost>().Status.State == ModelState.Stuck);

        string answer = await AskAsync(server);
        answer.Should().StartWith("down ready #").And.Contain("4711").And.EndWith("\n");
        answer.Count(static c => c is '\n' or '#').Should().Be(2);
        answer.Length.Should().BeLessThan(200);
    }

    [Fact]
    public async Task A_node_is_down_while_its_preload_runs_and_ready_afterwards()
    {
        await using TestServer server = await StartAsync();
        Readiness readiness = server.Services.GetRequiredService<Readiness>();
        readiness.PreloadStarted("größer\nand # odd");

        string loading = await AskAsync(server);
        readiness.PreloadEnded("größer\nand # odd", null);

        loading.Should().StartWith("down ready #Model gr??er?and ? odd");
        (await AskAsync(server)).Should().Be("up ready 100%\n");
    }

    [Fact]
    public async Task Input_on_the_connection_does_not_prevent_the_answer()
    {
        await using TestServer server = await StartAsync();
        using TcpClient client = await ConnectAsync(server);

        await client.GetStream().WriteAsync("node1/rkllama\n"u8.ToArray());

        (await ReadAsync(client)).Should().Be("up ready 100%\n");
    }

    [Fact]
    public async Task Idle_connections_are_closed_and_do_not_block_others()
    {
        await using TestServer server = await StartAsync();
        List<TcpClient> idle = [];
        for (int i = 0; i < HaproxyAgentCheck.MaxConnections + 4; i++)
            idle.Add(await ConnectAsync(server));

        string answer = await AskAsync(server);

        answer.Should().Be("up ready 100%\n");
        foreach (TcpClient client in idle)
        {
            (await ReadAsync(client)).Should().Be("up ready 100%\n");
            client.Dispose();
        }
    }

    [Fact]
    public async Task If_the_port_is_in_use_the_start_fails_and_names_the_port()
    {
        using TcpListener other = new(IPAddress.Loopback, 0);
        other.Start();
        int port = ((IPEndPoint)other.LocalEndpoint).Port;

        Func<Task> start = () => TestServer.StartAsync(configure: options => options with { AgentPort = port });

        (await start.Should().ThrowAsync<IOException>()).Which.Message.Should().Contain($"port {port}");
    }

    private Task<TestServer> StartAsync(int queueLength = 64) =>
        TestServer.StartAsync(_held.Engine, options => options with { AgentPort = 0, QueueLength = queueLength });

    private static async Task<string> AskAsync(TestServer server)
    {
        using TcpClient client = await ConnectAsync(server);
        return await ReadAsync(client);
    }

    private static async Task<TcpClient> ConnectAsync(TestServer server)
    {
        TcpClient client = new();
        await client.ConnectAsync((IPEndPoint)server.Services.GetRequiredService<HaproxyAgentCheck>().Address!);
        return client;
    }

    private static async Task<string> ReadAsync(TcpClient client)
    {
        using StreamReader reader = new(client.GetStream(), Encoding.ASCII);
        return await reader.ReadToEndAsync().WaitAsync(Patience);
    }
}
