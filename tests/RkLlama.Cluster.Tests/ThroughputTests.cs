using System.Diagnostics;
using RkLlama.Cluster.Tests.Support;
using Xunit.Abstractions;

namespace RkLlama.Cluster.Tests;

/// <summary>Compares the throughput of four nodes with that of one node.</summary>
public sealed class ThroughputTests(ITestOutputHelper output)
{
    // 33 tokens per second: twice the speed of a board, and far below the limit of the CPU, so that only the speed of the nodes matters.
    private const int Speed = 2;
    private const int TokensPerAnswer = 20;

    // Other load on the machine may disturb a measurement, so it is repeated.
    private const int Rounds = 4;

    private static readonly TimeSpan Start = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData(Balancer.HAProxy)]
    [InlineData(Balancer.Nginx)]
    public async Task Four_nodes_do_four_times_the_work_of_one(string balancer)
    {
        await using FourNodes cluster = await FourNodes.StartAsync(balancer, Speed);
        using (HttpClient first = cluster.Balancer.NewClient())
            await Exchange.AskAsync(first, "!count 2", stream: true);

        double ratio = 0;
        for (int round = 0; round < Rounds && ratio is < 4 * 0.97 or > 4 * 1.03; round++)
        {
            double one = await TokensPerSecondAsync(cluster.Nodes[0].Server.Address, clients: 2);
            double four = await TokensPerSecondAsync(cluster.Balancer.Address, clients: 8);
            ratio = four / one;
            output.WriteLine($"{balancer}: {four:F1} tokens a second, one node {one:F1}: {ratio:F3} times");
        }

        ratio.Should().BeInRange(4 * 0.97, 4 * 1.03);
    }

    /// <summary>
    /// Returns the token rate of clients that send one request after the other. The measurement starts after <see cref="Start"/>, when all clients are
    /// active.
    /// </summary>
    private static async Task<double> TokensPerSecondAsync(Uri address, int clients)
    {
        int tokens = 0;
        using CancellationTokenSource stop = new();
        Task[] asking = [.. Enumerable.Range(0, clients).Select(_ => Task.Run(AskAsync))];
        await Task.Delay(Start);
        long from = Stopwatch.GetTimestamp();
        int before = Volatile.Read(ref tokens);
        await Task.Delay(Window);
        int count = Volatile.Read(ref tokens) - before;
        double seconds = Stopwatch.GetElapsedTime(from).TotalSeconds;
        await stop.CancelAsync();
        await Task.WhenAll(asking);
        return count / seconds;

        async Task AskAsync()
        {
            using HttpClient client = Balancer.NewClient(address);
            try
            {
                while (true)
                    await Exchange.AskAsync(client, $"!count {TokensPerAnswer}", stream: true, () => Interlocked.Increment(ref tokens), stop.Token);
            }
            catch (OperationCanceledException)
            {
                // The window is over.
            }
        }
    }
}
