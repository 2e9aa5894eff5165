using System.Diagnostics;

namespace RkLlama.Benchmarks;

/// <summary>Measures the published server at the speed of a board, while idle, and under growing load.</summary>
internal static class LoadBenchmark
{
    private const int WaitingStreams = 256;
    private const int PacedTokens = 250;

    // The decode time per token of the demo model at the speed of a board: an upper limit of the rate.
    private const double DecodeMs = 59.9;
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(15);

    public static async Task PaceAsync(string executable, string library, string models, TextWriter output)
    {
        await output.WriteLineAsync("| at the pace of a board | alone | while 256 wait |").ConfigureAwait(false);
        await output.WriteLineAsync("|---|---|---|").ConfigureAwait(false);
        BenchmarkServer server = await BenchmarkServer.StartAsync(executable, library, models, "1", "long", "--queue", "300").ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            (double Share, double Cpu) alone = await PacedAsync(server).ConfigureAwait(false);
            using HttpResponseMessage first = await server.StreamAsync("!sleep 50 100").ConfigureAwait(false);
            Task<(double Share, double Cpu)> answer = PacedAsync(server);
            List<Task<HttpResponseMessage>> waiting = [];
            for (int i = 0; i < WaitingStreams; i++)
                waiting.Add(server.StreamAsync("!echo x"));
            (double Share, double Cpu) underLoad = await answer.ConfigureAwait(false);
            await output.WriteLineAsync($"| delivered, of the runtime's rate | {alone.Share:P2} | {underLoad.Share:P2} |").ConfigureAwait(false);
            await output.WriteLineAsync($"| one core's share, server and worker | {alone.Cpu:P2} | {underLoad.Cpu:P2} |").ConfigureAwait(false);
            foreach (HttpResponseMessage response in await Task.WhenAll(waiting).ConfigureAwait(false))
                response.Dispose();
        }

        await output.WriteLineAsync().ConfigureAwait(false);
    }

    public static async Task IdleAsync(string executable, string library, string models, TextWriter output)
    {
        await output.WriteLineAsync("| idle | server | worker |").ConfigureAwait(false);
        await output.WriteLineAsync("|---|---|---|").ConfigureAwait(false);
        BenchmarkServer server = await BenchmarkServer.StartAsync(executable, library, models, "1").ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            ProcessStatistics worker = server.Statistics.Children[0];
            await Task.Delay(IdleTime / 3).ConfigureAwait(false);
            long serverWakes = server.Statistics.WakeUps, workerWakes = worker.WakeUps;
            TimeSpan cpu = BaselineBenchmark.TotalCpu([server.Statistics, worker]);
            await Task.Delay(IdleTime).ConfigureAwait(false);
            double seconds = IdleTime.TotalSeconds;
            await output.WriteLineAsync($"| wake-ups a second | {(server.Statistics.WakeUps - serverWakes) / seconds:F2} | {(worker.WakeUps - workerWakes) / seconds:F2} |").ConfigureAwait(false);
            await output.WriteLineAsync($"| memory (PSS) | {server.Statistics.Pss / 1e6:F1} MB | {worker.Pss / 1e6:F1} MB |").ConfigureAwait(false);
            await output.WriteLineAsync($"| CPU, both, of one core | {(BaselineBenchmark.TotalCpu([server.Statistics, worker]) - cpu) / IdleTime:P2} | |").ConfigureAwait(false);
            await output.WriteLineAsync($"| executable | {new FileInfo(executable).Length / 1e6:F1} MB | the same |").ConfigureAwait(false);
        }

        await output.WriteLineAsync().ConfigureAwait(false);
    }

    public static async Task GrowthAsync(string executable, string library, string models, TextWriter output)
    {
        await output.WriteLineAsync("| as it grows, a runtime that takes no time | whole | per unit |").ConfigureAwait(false);
        await output.WriteLineAsync("|---|---|---|").ConfigureAwait(false);
        BenchmarkServer server = await BenchmarkServer.StartAsync(executable, library, models, "0", "long", "--queue", "300").ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            await BaselineBenchmark.StreamAsync(server, 100).ConfigureAwait(false);
            foreach (int clients in (int[])[1, 4, 16, 64, 256])
            {
                double seconds = await TimeAsync(() => Task.WhenAll(Enumerable.Range(0, clients).Select(_ => server.PostAsync("/generate", BenchmarkServer.ChatBody("!count 100"))))).ConfigureAwait(false);
                await output.WriteLineAsync($"| {clients} clients at once, 100 tokens each | {seconds * 1000:F1} ms | {seconds * 1000 / clients:F2} ms a client |").ConfigureAwait(false);
            }

            foreach (int tokens in (int[])[100, 1000, 10_000])
            {
                double seconds = await TimeAsync(() => server.PostAsync("/generate", BenchmarkServer.ChatBody($"!count {tokens}"))).ConfigureAwait(false);
                await output.WriteLineAsync($"| an answer of {tokens} tokens | {seconds * 1000:F1} ms | {seconds * 1e6 / tokens:F2} µs a token |").ConfigureAwait(false);
            }

            foreach (int turns in (int[])[1, 10, 25, 50])
            {
                double seconds = await TimeAsync(() => server.PostAsync("/generate", Conversation(turns))).ConfigureAwait(false);
                await output.WriteLineAsync($"| a conversation of {turns} turns | {seconds * 1000:F1} ms | {seconds * 1000 / turns:F2} ms a turn |").ConfigureAwait(false);
            }
        }

        await output.WriteLineAsync().ConfigureAwait(false);
    }

    private static string Conversation(int turns)
    {
        IEnumerable<string> messages = Enumerable.Range(0, (turns * 2) - 1).Select(i => i % 2 == 0
            ? $$"""{"role":"user","content":"!count 3 and here is question {{i}}, some words longer than the last one"}"""
            : """{"role":"assistant","content":" 1 2 3"}""");
        return $$"""{"messages":[{{string.Join(',', messages)}}]}""";
    }

    /// <summary>Returns the median time of several runs.</summary>
    private static async Task<double> TimeAsync(Func<Task> action)
    {
        List<double> times = [];
        for (int i = 0; i < 7; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await action().ConfigureAwait(false);
            times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return BaselineBenchmark.Median(times);
    }

    /// <summary>
    /// Reads one answer at the speed of a board. Returns the share of the runtime's token rate that reaches the client, and the share of one
    /// CPU core.
    /// </summary>
    internal static async Task<(double Share, double Cpu)> PacedAsync(BenchmarkServer server)
    {
        IReadOnlyList<ProcessStatistics> processes = [server.Statistics, .. server.Statistics.Children];
        using HttpResponseMessage response = await server.StreamAsync($"!count {PacedTokens}").ConfigureAwait(false);
        using StreamReader reader = new(await response.Content.ReadAsStreamAsync().ConfigureAwait(false));
        List<long> arrivals = [];
        TimeSpan cpu = TimeSpan.Zero;
        while (await reader.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            // Keep-alive lines have no content. The server sends them while the request is queued.
            if (line.Contains("\"content\":\"\"", StringComparison.Ordinal))
                continue;
            if (arrivals.Count == 0)
                cpu = BaselineBenchmark.TotalCpu(processes);
            arrivals.Add(Stopwatch.GetTimestamp());
        }

        double seconds = Stopwatch.GetElapsedTime(arrivals[0], arrivals[^1]).TotalSeconds;
        double used = (BaselineBenchmark.TotalCpu(processes) - cpu).TotalSeconds / seconds;
        return ((arrivals.Count - 1) * DecodeMs / 1000 / seconds, used);
    }
}
