using System.Net;
using RkLlama.Cluster.Tests.Support;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.Cluster.Tests;

/// <summary>Nodes are killed, stopped and restarted while clients send requests. No client loses an answer that had not begun.</summary>
public sealed class FailureTests
{
    private const int Clients = 8;

    // 170 tokens per second: an answer takes a third of a second.
    private const int Speed = 10;

    [Theory]
    [InlineData(Balancer.HAProxy)]
    [InlineData(Balancer.Nginx)]
    public async Task A_killed_node_loses_no_answer_that_had_not_begun(string balancer)
    {
        await using FourNodes cluster = await FourNodes.StartAsync(balancer, Speed);
        using HttpClient client = cluster.Balancer.NewClient();
        Task<Exchange> asking = Exchange.AskAsync(client, "!sleep 20 100", stream: false);
        ClusterNode busy = await cluster.BusyNodeAsync();

        busy.Server.Signal("KILL");
        Exchange answer = await asking;

        answer.IsWhole.Should().BeTrue("{0}\n{1}", answer, cluster.Balancer.Log);
    }

    [Theory]
    [InlineData(Balancer.HAProxy)]
    [InlineData(Balancer.Nginx)]
    public async Task A_killed_node_cuts_the_answer_that_had_begun(string balancer)
    {
        await using FourNodes cluster = await FourNodes.StartAsync(balancer, Speed);
        using HttpClient client = cluster.Balancer.NewClient();
        TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<Exchange> asking = Exchange.AskAsync(client, "!sleep 20 1000", stream: true, () => begun.TrySetResult());
        await begun.Task.WaitAsync(Node.Patience);

        (await cluster.BusyNodeAsync()).Server.Signal("KILL");
        Exchange answer = await asking.WaitAsync(Node.Patience);

        (answer.HasBegun, answer.IsWhole, answer.IsCut).Should().Be((true, false, true));
    }

    [Theory]
    [InlineData(Balancer.HAProxy)]
    [InlineData(Balancer.Nginx)]
    public async Task Nodes_killed_under_load_lose_started_answers_only(string balancer)
    {
        await using FourNodes cluster = await FourNodes.StartAsync(balancer, Speed);
        await using Load load = Load.Start(cluster.Balancer.Address, Clients);
        await load.GoesOnAsync(2 * Clients);

        foreach (ClusterNode node in cluster.Nodes[..2])
        {
            node.Server.Signal("KILL");
            await load.GoesOnAsync(4 * Clients);
            await node.StartAsync();
            await node.Server.LogsAsync("Finished");
        }

        ShouldLoseStartedAnswersOnly(await load.StopAsync(), cluster);
    }

    [Theory]
    [InlineData(Balancer.HAProxy)]
    [InlineData(Balancer.Nginx)]
    public async Task Workers_killed_under_load_lose_started_answers_only(string balancer)
    {
        await using FourNodes cluster = await FourNodes.StartAsync(balancer, Speed);
        await using Load load = Load.Start(cluster.Balancer.Address, Clients);
        await load.GoesOnAsync(2 * Clients);

        foreach (ClusterNode node in cluster.Nodes)
        {
            Node.SignalTo("KILL", await node.Server.WorkerAsync());
            await node.Server.LogsAsync("died");

            // Wait, so that not every retry of one request meets a killed worker.
            await load.GoesOnAsync(2 * Clients);
        }

        ShouldLoseStartedAnswersOnly(await load.StopAsync(), cluster);
    }

    [Theory]
    [InlineData(Balancer.HAProxy)]
    [InlineData(Balancer.Nginx)]
    public async Task A_rolling_restart_of_all_nodes_loses_no_answer(string balancer)
    {
        await using FourNodes cluster = await FourNodes.StartAsync(balancer, Speed);
        await using Load load = Load.Start(cluster.Balancer.Address, Clients);
        await load.GoesOnAsync(2 * Clients);

        foreach (ClusterNode node in cluster.Nodes)
        {
            node.Server.Signal("TERM");
            (await node.Server.WaitForExitAsync()).Should().Be(0, node.Server.Log);
            await node.StartAsync();
            await node.Server.LogsAsync("Finished");
        }

        IReadOnlyList<Exchange> answers = await load.StopAsync();
        ShouldLoseStartedAnswersOnly(answers, cluster);
        answers.Should().OnlyContain(answer => answer.IsWhole, cluster.Balancer.Log);
    }

    /// <summary>
    /// A node is stopped while it answers a direct client. It refuses all other requests, so it has a free place from the view of the balancer, which
    /// keeps sending requests to it until <c>/ready</c> fails.
    /// </summary>
    [Theory]
    [InlineData(Balancer.HAProxy)]
    [InlineData(Balancer.Nginx)]
    public async Task A_node_that_stops_while_an_answer_runs_loses_no_other_request(string balancer)
    {
        await using FourNodes cluster = await FourNodes.StartAsync(balancer, Speed);
        ClusterNode stopping = cluster.Nodes[0];
        using HttpClient direct = Balancer.NewClient(stopping.Server.Address);
        TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<Exchange> other = Exchange.AskAsync(direct, "!sleep 20 400", stream: true, () => begun.TrySetResult());
        await begun.Task.WaitAsync(Node.Patience);
        await using Load load = Load.Start(cluster.Balancer.Address, 3 * Clients);
        await load.GoesOnAsync(2 * Clients);

        stopping.Server.Signal("TERM");
        await stopping.Server.EventuallyAsync(
            () => stopping.Server.GetJsonAsync("/models").GetAwaiter().GetResult().Status == HttpStatusCode.ServiceUnavailable, "requests should be refused");
        await load.GoesOnAsync(6 * Clients);

        ShouldLoseStartedAnswersOnly(await load.StopAsync(), cluster);
        (await other).Should().Match<Exchange>(answer => answer.IsWhole);
        (await stopping.Server.WaitForExitAsync()).Should().Be(0);
    }

    private static void ShouldLoseStartedAnswersOnly(IReadOnlyList<Exchange> answers, FourNodes cluster)
    {
        answers.Where(answer => !answer.IsWhole && !answer.HasBegun).Should().BeEmpty(cluster.Balancer.Log);
        answers.Should().OnlyContain(answer => answer.IsWhole || answer.IsCut, "a cut answer must not look complete");
        answers.Count(answer => answer.IsWhole).Should().BeGreaterThan(5 * Clients);
    }
}
