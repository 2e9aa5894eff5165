using System.Globalization;
using System.Text.RegularExpressions;
using RkLlama.Cluster.Tests.Support;

namespace RkLlama.Cluster.Tests;

/// <summary>Who waits, and where.</summary>
public sealed partial class LineTests
{
    // The time from the end of one run to the beginning of the next, with room for a busy processor; a request behind another waits ten times as long.
    private static readonly TimeSpan NoWait = TimeSpan.FromMilliseconds(100);

    /// <summary>More clients than nodes, and answers of very different length: nodes that took requests in advance would have some wait behind the long ones.</summary>
    [Fact]
    public async Task With_haproxy_nobody_waits_at_a_node_however_many_come()
    {
        await using FourNodes cluster = await FourNodes.StartAsync(Balancer.HAProxy, speed: 0);

        await AskAsync(cluster, clients: 12);

        Waits(cluster).Should().HaveCount(12 * 5).And.OnlyContain(wait => wait < NoWait);
    }

    /// <summary>nginx has no line of its own: it gives each request to the node with the fewest. As long as there are no more than nodes, that is a free one.</summary>
    [Fact]
    public async Task With_nginx_nobody_waits_while_there_are_no_more_requests_than_nodes()
    {
        await using FourNodes cluster = await FourNodes.StartAsync(Balancer.Nginx, speed: 0);

        await AskAsync(cluster, clients: FourNodes.Size);

        Waits(cluster).Should().HaveCount(FourNodes.Size * 5).And.OnlyContain(wait => wait < NoWait);
    }

    private static Task AskAsync(FourNodes cluster, int clients) => Task.WhenAll(Enumerable.Range(0, clients).Select(async i =>
    {
        using HttpClient client = cluster.Balancer.NewClient();
        for (int n = 0; n < 5; n++)
        {
            bool isLong = (i + n) % 4 == 0;
            Exchange answer = await Exchange.AskAsync(client, isLong ? "!sleep 100 10" : "!sleep 10 10", stream: n % 2 == 0);
            answer.IsWhole.Should().BeTrue("{0}\n{1}", answer, cluster.Balancer.Log);
        }
    }));

    private static TimeSpan[] Waits(FourNodes cluster) =>
    [
        .. cluster.Nodes.SelectMany(node => Queued.Matches(node.Server.Log))
            .Select(match => TimeSpan.FromMilliseconds(double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))),
    ];

    [GeneratedRegex(@"queue ([0-9.]+) ms")]
    private static partial Regex Queued { get; }
}
