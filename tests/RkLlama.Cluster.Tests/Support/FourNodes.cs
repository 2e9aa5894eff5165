using System.Globalization;
using System.Net;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.Cluster.Tests.Support;

/// <summary>Four nodes with the demo model behind a balancer. Each node has its own loopback address; all use the same port.</summary>
internal sealed class FourNodes : IAsyncDisposable
{
    internal const int Size = 4;

    private readonly string _models;

    // The nodes use the same port, because they have different addresses.
    private static int FreePort => Balancer.FreePort(IPAddress.Parse("127.0.0.2"));

    private FourNodes(string models, ClusterNode[] nodes)
    {
        _models = models;
        Nodes = nodes;
    }

    internal ClusterNode[] Nodes { get; }

    internal Balancer Balancer { get; private set; } = null!;

    /// <param name="balancer">haproxy or nginx.</param>
    /// <param name="speed">The speed of the simulators: 1 is that of a board (16.7 tokens per second), 0 is without delays.</param>
    /// <param name="withAgent">Whether HAProxy uses the agent check.</param>
    /// <param name="edit">Makes other changes to the balancer's configuration.</param>
    internal static async Task<FourNodes> StartAsync(string balancer, int speed, bool withAgent = false, Func<string, string>? edit = null)
    {
        string models = Directory.CreateTempSubdirectory("rkllama-models-").FullName;
        File.CreateSymbolicLink(Path.Combine(models, "demo"), Path.GetDirectoryName(TestPaths.DemoModel)!);
        int port = FreePort, agentPort = FreePort;
        FourNodes cluster = new(models, [.. Enumerable.Range(2, Size).Select(i => new ClusterNode(new(IPAddress.Parse($"127.0.0.{i}"), port), agentPort, models, speed))]);
        try
        {
            await Task.WhenAll(cluster.Nodes.Select(node => node.StartAsync()));
            cluster.Balancer = await Balancer.StartAsync(balancer, [.. cluster.Nodes.Select(node => node.Endpoint)], withAgent ? agentPort : null, edit);
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }

        return cluster;
    }

    /// <summary>Waits until a node has an active run, and returns the node.</summary>
    internal async Task<ClusterNode> BusyNodeAsync()
    {
        using CancellationTokenSource patience = new(Node.Patience);
        while (true)
        {
            patience.IsCancellationRequested.Should().BeFalse("a node should run\n{0}", Balancer.Log);
            foreach (ClusterNode node in Nodes)
            {
                if ((await node.QueueAsync()).Running == 1)
                    return node;
            }
        }
    }

    /// <summary>Waits until the nodes together have this number of running and waiting requests.</summary>
    /// <param name="within">The timeout; <see langword="null"/> for <see cref="Node.Patience"/>.</param>
    internal async Task LoadIsAsync(int running, int waiting, TimeSpan? within = null)
    {
        using CancellationTokenSource patience = new(within ?? Node.Patience);
        (int Running, int Waiting) now;
        do
        {
            now = (0, 0);
            foreach (ClusterNode node in Nodes)
            {
                (int Running, int Waiting) queue = await node.QueueAsync();
                now = (now.Running + queue.Running, now.Waiting + queue.Waiting);
            }

            patience.IsCancellationRequested.Should().BeFalse("{0} should run and {1} wait, not {2}", running, waiting, now);
        }
        while (now != (running, waiting));
    }

    public async ValueTask DisposeAsync()
    {
        if (Balancer is not null)
            await Balancer.DisposeAsync();
        foreach (ClusterNode node in Nodes)
            await node.DisposeAsync();
        Directory.Delete(_models, recursive: true);
    }
}

/// <summary>One node of the cluster: an address with a server that can be restarted.</summary>
internal sealed class ClusterNode(IPEndPoint endpoint, int agentPort, string models, int speed) : IAsyncDisposable
{
    internal IPEndPoint Endpoint => endpoint;

    internal Node Server { get; private set; } = null!;

    /// <summary>Starts a server and waits until its model is loaded. Disposes the previous server first.</summary>
    internal async Task StartAsync()
    {
        if (Server is not null)
            await Server.DisposeAsync();
        Server = await Node.StartAsync(
            "1.2.3",
            ["--host", endpoint.Address.ToString(), "--port", Number(endpoint.Port), "--agent-port", Number(agentPort)],
            ("RKLLAMA_MODELS", models),
            ("RKLLAMA_PRELOAD", "demo"),
            ("RKLLM_SIMULATOR_SPEED", Number(speed)));

        // Waits for the preloaded model.
        await Server.LogsAsync("Model demo loaded");
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    internal async Task<(int Running, int Waiting)> QueueAsync()
    {
        JsonElement queue = (await Server.GetJsonAsync("/health")).Body.GetProperty("queue");
        return (queue.GetProperty("running").GetInt32(), queue.GetProperty("waiting").GetInt32());
    }

    public async ValueTask DisposeAsync()
    {
        if (Server is not null)
            await Server.DisposeAsync();
    }
}
