using System.Globalization;
using System.Net;
using RkLlama.Cluster.Tests.Support;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.Cluster.Tests;

/// <summary>Where requests wait: at the balancer or at a node. Measured with the nodes' histogram of the time in the queue.</summary>
public sealed class QueueTests
{
    private const int Rounds = 3;

    // A request behind a short answer waits 0.1 s, behind a long one 1 s.
    private const string Short = "!sleep 10 10";
    private const string Long = "!sleep 100 10";

    /// <summary>More clients than nodes, and answers of very different length.</summary>
    [Fact]
    public async Task With_haproxy_no_request_waits_at_a_node_under_any_load()
    {
        await using FourNodes cluster = await FourNodes.StartAsync(Balancer.HAProxy, speed: 0);

        await AskAsync(cluster, clients: 12);

        (int Waits, int Short) queue = await QueueWaitsAsync(cluster);
        queue.Should().Be((12 * Rounds, 12 * Rounds));
    }

    [Fact]
    public async Task A_full_queue_of_haproxy_answers_with_retry_after()
    {
        await using FourNodes cluster = await FourNodes.StartAsync(Balancer.HAProxy, speed: 0, edit: shipped => shipped.Replace("{ queue(runs) ge 256 }", "{ queue(runs) ge 1 }"));
        using HttpClient client = cluster.Balancer.NewClient();
        using CancellationTokenSource end = new();
        List<Task> asking = [];
        for (int i = 0; i < FourNodes.Size; i++)
            asking.Add(await BeginAsync(client, "!sleep 20 2000", end.Token));
        asking.Add(Exchange.AskAsync(client, "!sleep 20 2000", stream: true, cancellationToken: end.Token));
        await HearsAsync(cluster.Balancer, "haproxy_backend_current_queue{proxy=\"runs\"}", 1);

        using HttpResponseMessage response = await client.PostAsync(new Uri("/generate", UriKind.Relative), new StringContent(Node.Chat("!echo x")));

        response.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        response.Headers.RetryAfter!.Delta.Should().Be(TimeSpan.FromSeconds(30));
        (await response.Content.ReadAsStringAsync()).Should().StartWith("{\"error\":");
        await end.CancelAsync();
        await FluentActions.Awaiting(() => Task.WhenAll(asking)).Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public async Task With_nginx_no_request_waits_while_there_are_no_more_requests_than_nodes()
    {
        await using FourNodes cluster = await FourNodes.StartAsync(Balancer.Nginx, speed: 0);

        await AskAsync(cluster, clients: FourNodes.Size);

        (int Waits, int Short) queue = await QueueWaitsAsync(cluster);
        queue.Should().Be((FourNodes.Size * Rounds, FourNodes.Size * Rounds));
    }

    /// <summary>The limitation of nginx in docs/cluster.md. This also shows that the two tests above can detect waiting requests.</summary>
    [Fact]
    public async Task With_nginx_requests_wait_at_the_nodes_when_there_are_more_than_nodes()
    {
        await using FourNodes cluster = await FourNodes.StartAsync(Balancer.Nginx, speed: 0);

        await AskAsync(cluster, clients: 12);

        (int Waits, int Short) queue = await QueueWaitsAsync(cluster);
        queue.Waits.Should().Be(12 * Rounds);
        queue.Short.Should().BeLessThan(queue.Waits);
    }

    [Fact]
    public async Task With_agent_checks_haproxy_learns_the_load_of_a_node_and_its_stop()
    {
        await using FourNodes cluster = await FourNodes.StartAsync(Balancer.HAProxy, speed: 0, withAgent: true);
        ClusterNode node = cluster.Nodes[0];
        using HttpClient direct = Balancer.NewClient(node.Server.Address);
        using CancellationTokenSource end = new();
        Task[] busy = [.. Enumerable.Range(0, 3).Select(_ => Exchange.AskAsync(direct, "!sleep 20 2000", stream: true, cancellationToken: end.Token))];

        await HearsAsync(cluster.Balancer, Weight("node1"), 25);
        node.Server.Signal("TERM");
        await HearsAsync(cluster.Balancer, "haproxy_server_status{proxy=\"runs\",server=\"node1\",state=\"DRAIN\"}", 1);
        await HearsAsync(cluster.Balancer, Weight("node2"), 100);
        await end.CancelAsync();
        await FluentActions.Awaiting(() => Task.WhenAll(busy)).Should().ThrowAsync<OperationCanceledException>();
        await node.Server.WaitForExitAsync();
        await node.StartAsync();
        await HearsAsync(cluster.Balancer, Weight("node1"), 100);
    }

    private static Task AskAsync(FourNodes cluster, int clients) => Task.WhenAll(Enumerable.Range(0, clients).Select(async i =>
    {
        using HttpClient client = cluster.Balancer.NewClient();
        for (int n = 0; n < Rounds; n++)
        {
            Exchange answer = await Exchange.AskAsync(client, (i + n) % 4 == 0 ? Long : Short, stream: n % 2 == 0);
            answer.IsWhole.Should().BeTrue("{0}\n{1}", answer, cluster.Balancer.Log);
        }
    }));

    /// <summary>Sends a request and waits for its first line. A node that is not ready yet therefore only delays the request.</summary>
    /// <returns>The answer that goes on.</returns>
    private static async Task<Task> BeginAsync(HttpClient client, string prompt, CancellationToken cancellationToken)
    {
        TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<Exchange> asking = Exchange.AskAsync(client, prompt, stream: true, () => begun.TrySetResult(), cancellationToken);
        (await Task.WhenAny(begun.Task, asking).WaitAsync(Node.Patience, cancellationToken)).Should().Be(begun.Task, "the answer lasts longer than this test");
        return asking;
    }

    /// <summary>Returns the number of requests that ran at the nodes, and how many of them waited in the queue for at most 0.25 s.</summary>
    private static async Task<(int Waits, int Short)> QueueWaitsAsync(FourNodes cluster)
    {
        (int Waits, int Short) sum = (0, 0);
        foreach (ClusterNode node in cluster.Nodes)
        {
            string metrics = await node.Server.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative));
            sum = (sum.Waits + Value(metrics, "rkllama_queue_wait_seconds_count"), sum.Short + Value(metrics, "rkllama_queue_wait_seconds_bucket{le=\"0.25\"}"));
        }

        return sum;
    }

    private static string Weight(string server) => $"haproxy_server_weight{{proxy=\"runs\",server=\"{server}\"}}";

    /// <summary>Waits until a metric of HAProxy has the value.</summary>
    private static async Task HearsAsync(Balancer balancer, string series, int value)
    {
        using HttpClient client = new();
        using CancellationTokenSource patience = new(Node.Patience);
        while (Value(await client.GetStringAsync(balancer.Stats), series) != value)
        {
            patience.IsCancellationRequested.Should().BeFalse("{0} should be {1}\n{2}", series, value, balancer.Log);
            await Task.Delay(10);
        }
    }

    private static int Value(string metrics, string series)
    {
        foreach (string line in metrics.Split('\n'))
        {
            if (line.StartsWith(series + " ", StringComparison.Ordinal))
                return (int)double.Parse(line[(series.Length + 1)..], CultureInfo.InvariantCulture);
        }

        throw new InvalidDataException($"'{series}' is not in\n{metrics}");
    }
}
