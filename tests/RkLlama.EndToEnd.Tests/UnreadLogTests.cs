using System.Diagnostics;
using System.Globalization;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>The stdout of the server is a pipe without a reader.</summary>
public sealed class UnreadLogTests
{
    // Each request logs one line. They fill the pipe (64 KiB) and the queue (4,096 lines).
    private const int Requests = 6000;

    // If requests waited for the output, one request would take longer than this. The limit of all requests also holds on a slow machine.
    private static readonly TimeSpan LongestRequest = TimeSpan.FromSeconds(5), AllRequests = TimeSpan.FromMinutes(2), Stop = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task No_request_waits_for_the_log_and_the_stop_does_not_either()
    {
        await using Node node = await Node.StartUnreadAsync("1.2.3");
        await node.LoadAsync();

        int next = 0;
        TimeSpan[] longest = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(ClientAsync))).WaitAsync(AllRequests);

        longest.Max().Should().BeLessThan(LongestRequest);
        string page = await node.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        string dropped = page.Split('\n').Single(static line => line.StartsWith("rkllama_log_dropped_total ", StringComparison.Ordinal)).Split(' ')[1];
        double.Parse(dropped, CultureInfo.InvariantCulture).Should().BePositive();

        Stopwatch watch = Stopwatch.StartNew();
        node.Signal("TERM");
        (await node.WaitForExitAsync()).Should().Be(0);
        watch.Elapsed.Should().BeLessThan(Stop);

        async Task<TimeSpan> ClientAsync()
        {
            TimeSpan longest = TimeSpan.Zero;
            Stopwatch watch = new();
            while (Interlocked.Increment(ref next) <= Requests)
            {
                watch.Restart();
                (await node.AskAsync("!echo x")).Should().Be("x");
                longest = watch.Elapsed > longest ? watch.Elapsed : longest;
            }

            return longest;
        }
    }
}
