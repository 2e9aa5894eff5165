using System.Collections.Concurrent;
using System.Diagnostics;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.Cluster.Tests.Support;

/// <summary>
/// Clients that send one request after the other. Each request has a different expected answer. Half of the clients stream, and half keep their
/// connection.
/// </summary>
internal sealed class Load : IAsyncDisposable
{
    // Ends the load if a test forgets to stop it.
    private const int MaxRequests = 10_000;

    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<Exchange> _answers = new();
    private readonly Task[] _clients;
    private int _asked;

    private Load(Uri address, int clients) => _clients = [.. Enumerable.Range(0, clients).Select(i => Task.Run(() => AskAsync(address, i)))];

    internal static Load Start(Uri address, int clients) => new(address, clients);

    /// <summary>Waits until this many more requests have ended, successfully or not.</summary>
    internal async Task GoesOnAsync(int more)
    {
        int end = _answers.Count + more;
        Stopwatch watch = Stopwatch.StartNew();
        while (_answers.Count < end)
        {
            _answers.Where(answer => !answer.HasBegun && !answer.IsWhole).Should().BeEmpty();
            (watch.Elapsed < Node.Patience).Should().BeTrue("{0} more questions should end, {1} are missing", more, end - _answers.Count);
            await Task.Delay(10);
        }
    }

    /// <summary>Stops the clients after their current requests, and returns all answers.</summary>
    internal async Task<IReadOnlyList<Exchange>> StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_clients).WaitAsync(Node.Patience);
        return [.. _answers];
    }

    private async Task AskAsync(Uri address, int number)
    {
        using HttpClient client = Balancer.NewClient(address, keepsConnections: number % 4 < 2);
        for (int i; !_stop.IsCancellationRequested && (i = Interlocked.Increment(ref _asked)) <= MaxRequests;)
        {
            string text = string.Join(' ', Enumerable.Repeat($"answer-{i}", 8));
            Exchange answer = await Exchange.AskAsync(client, $"!echo {text}", stream: number % 2 == 0);
            _answers.Enqueue(answer.IsWhole && answer.Text != text ? answer with { IsWhole = false, Problem = $"'{answer.Text}' instead of '{text}'" } : answer);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }
}
