using RkLlama.Cluster.Tests.Support;

namespace RkLlama.Cluster.Tests;

/// <summary>Clients disconnect behind a balancer. The node aborts or removes their request immediately.</summary>
public sealed class HangUpTests
{
    // The first keep-alive is sent after 10 s. Sending it would show the disconnect in any case.
    private static readonly TimeSpan BeforeTheFirstHeartbeat = TimeSpan.FromSeconds(9);

    [Theory]
    [InlineData(Balancer.HAProxy, true)]
    [InlineData(Balancer.HAProxy, false)]
    [InlineData(Balancer.Nginx, true)]
    [InlineData(Balancer.Nginx, false)]
    public async Task A_client_that_disconnects_frees_the_npu(string balancer, bool stream)
    {
        await using FourNodes cluster = await FourNodes.StartAsync(balancer, speed: 0);
        using HttpClient client = cluster.Balancer.NewClient();

        // An answer without a token for 60 s, and an answer that generates tokens for 40 s.
        foreach (string prompt in (string[])["!sleep 60000 2", "!sleep 20 2000"])
        {
            using CancellationTokenSource leave = new();
            Task<Exchange> asking = Exchange.AskAsync(client, prompt, stream, cancellationToken: leave.Token);
            ClusterNode busy = await cluster.BusyNodeAsync();

            await leave.CancelAsync();

            await FluentActions.Awaiting(() => asking).Should().ThrowAsync<OperationCanceledException>();
            await cluster.LoadIsAsync(running: 0, waiting: 0, BeforeTheFirstHeartbeat);
            busy.Server.Trace("rkllm_abort").Should().NotBeEmpty();
        }
    }

    [Theory]
    [InlineData(Balancer.HAProxy)]
    [InlineData(Balancer.Nginx)]
    public async Task A_client_that_disconnects_in_the_queue_is_never_run(string balancer)
    {
        await using FourNodes cluster = await FourNodes.StartAsync(balancer, speed: 0);
        using HttpClient client = cluster.Balancer.NewClient();
        using CancellationTokenSource end = new(), leave = new();
        Task[] running = [.. cluster.Nodes.Select(_ => Exchange.AskAsync(client, "!sleep 20 2000", stream: true, cancellationToken: end.Token))];
        await cluster.LoadIsAsync(running: FourNodes.Size, waiting: 0);
        Task waiting = Exchange.AskAsync(client, "!echo never", stream: false, cancellationToken: leave.Token);
        int waitingAtNodes = balancer == Balancer.Nginx ? 1 : 0;
        await cluster.LoadIsAsync(running: FourNodes.Size, waitingAtNodes);

        await leave.CancelAsync();
        await FluentActions.Awaiting(() => waiting).Should().ThrowAsync<OperationCanceledException>();
        await cluster.LoadIsAsync(running: FourNodes.Size, waiting: 0);
        await end.CancelAsync();
        await FluentActions.Awaiting(() => Task.WhenAll(running)).Should().ThrowAsync<OperationCanceledException>();
        await cluster.LoadIsAsync(running: 0, waiting: 0);

        (await Exchange.AskAsync(client, "!echo next", stream: false)).Text.Should().Be("next");
        cluster.Nodes.Sum(node => node.Server.Trace("rkllm_run").Count).Should().Be(FourNodes.Size + 1);
    }
}
