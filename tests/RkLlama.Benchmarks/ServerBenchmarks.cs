using System.Diagnostics;

namespace RkLlama.Benchmarks;

/// <summary>Measures the time and memory that the published server needs in addition to the runtime.</summary>
internal static class ServerBenchmarks
{
    private const int Runs = 200;
    private const int Disconnects = 20;
    private const int Probes = 500;
    private const int WaitingStreams = 256;

    public static async Task RunAsync(string executable, string library, string models, TextWriter output)
    {
        await output.WriteLineAsync("| of the server | median | worst |").ConfigureAwait(false);
        await output.WriteLineAsync("|---|---|---|").ConfigureAwait(false);
        BenchmarkServer quick = await BenchmarkServer.StartAsync(executable, library, models, "0", "demo", "--queue", "300").ConfigureAwait(false);
        await using (quick.ConfigureAwait(false))
        {
            double[] gaps = await GapsBetweenRunsAsync(quick).ConfigureAwait(false);
            await output.WriteLineAsync($"| start to first answer | {quick.StartMs:F0} ms | |").ConfigureAwait(false);
            await output.WriteLineAsync($"| end of a run to the next `rkllm_run`, {gaps.Length} times | {Median(gaps):F2} ms | {gaps[^1]:F2} ms |").ConfigureAwait(false);
        }

        // The youngest generation of the heap has 4 MiB, about as on a board, where the L3 cache has 3 MiB.
        Environment.SetEnvironmentVariable("DOTNET_GCgen0size", "400000");
        BenchmarkServer board = await BenchmarkServer.StartAsync(executable, library, models, "1", "demo", "--queue", "300", "--heartbeat", "0.2").ConfigureAwait(false);
        Environment.SetEnvironmentVariable("DOTNET_GCgen0size", null);
        await using (board.ConfigureAwait(false))
        {
            double[] aborts = await DisconnectInDecodeAsync(board).ConfigureAwait(false);
            await output.WriteLineAsync($"| client gone to `rkllm_abort`, between tokens, {aborts.Length} times | {Median(aborts):F2} ms | {aborts[^1]:F2} ms |").ConfigureAwait(false);
            double[] prefillAborts = await DisconnectInPrefillAsync(board).ConfigureAwait(false);
            await output.WriteLineAsync($"| client gone to `rkllm_abort`, in the prefill, {prefillAborts.Length} times | {Median(prefillAborts):F2} ms | {prefillAborts[^1]:F2} ms |").ConfigureAwait(false);
            using HttpResponseMessage running = await board.StreamAsync("!sleep 1000 1000").ConfigureAwait(false);
            foreach (string path in (string[])["/health", "/ready"])
                await output.WriteLineAsync(await ProbeAsync(board, path).ConfigureAwait(false)).ConfigureAwait(false);
            long before = board.ResidentBytes();
            HttpResponseMessage[] waiting = await Task.WhenAll(Enumerable.Range(0, WaitingStreams).Select(_ => board.StreamAsync("!echo x"))).ConfigureAwait(false);
            long after = board.ResidentBytes();
            await output.WriteLineAsync($"| memory of a waiting stream, {WaitingStreams} of them | {(after - before) / 1024.0 / WaitingStreams:F1} KiB | |").ConfigureAwait(false);
            await output.WriteLineAsync($"| memory of the server, idle with a model | {before / 1e6:F1} MB | |").ConfigureAwait(false);
            foreach (HttpResponseMessage response in waiting)
                response.Dispose();
        }

        await output.WriteLineAsync().ConfigureAwait(false);
    }

    /// <summary>Measures the time from the end of a run in the library to the next <c>rkllm_run</c>, while requests are queued.</summary>
    private static async Task<double[]> GapsBetweenRunsAsync(BenchmarkServer server)
    {
        await Task.WhenAll(Enumerable.Range(0, Runs).Select(i => server.PostAsync("/generate", BenchmarkServer.ChatBody($"!count {i % 7}")))).ConfigureAwait(false);
        List<double> times = [];
        long? ended = null;
        foreach ((string call, long microseconds) in server.Trace())
        {
            if (call == "rkllm_run" && ended is { } end)
                times.Add((microseconds - end) / 1000.0);
            ended = call == "run_end" ? microseconds : call == "rkllm_run" ? null : ended;
        }

        // Skips the first runs, because requests were still arriving.
        return Sorted(times.Skip(Runs / 10));
    }

    private static async Task<double[]> DisconnectInDecodeAsync(BenchmarkServer server)
    {
        List<double> times = [];
        for (int i = 0; i < Disconnects; i++)
        {
            HttpResponseMessage response = await server.StreamAsync("!sleep 40 500").ConfigureAwait(false);
            using Stream stream = await response.Content.ReadAsStreamAsync().ConfigureAwait(false);
            await stream.ReadAtLeastAsync(new byte[300], 300).ConfigureAwait(false);
            long left = Now();
            response.Dispose();
            times.Add((await NextCallAsync(server, "rkllm_abort", left).ConfigureAwait(false) - left) / 1000.0);
        }

        return Sorted(times);
    }

    private static async Task<double[]> DisconnectInPrefillAsync(BenchmarkServer server)
    {
        List<double> times = [];
        for (int i = 0; i < Disconnects; i++)
        {
            using CancellationTokenSource leave = new();
            using StringContent question = new(BenchmarkServer.ChatBody("!fault slow_prefill:20"));
            long asked = Now();
            Task asking = server.Client.PostAsync(new Uri("/generate", UriKind.Relative), question, leave.Token);
            await NextCallAsync(server, "rkllm_run", asked).ConfigureAwait(false);
            long left = Now();
            await leave.CancelAsync().ConfigureAwait(false);
            times.Add((await NextCallAsync(server, "rkllm_abort", left).ConfigureAwait(false) - left) / 1000.0);
            await NextCallAsync(server, "run_end", left).ConfigureAwait(false);
            await asking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return Sorted(times);
    }

    /// <summary>The current time of the trace's clock in microseconds.</summary>
    private static long Now() => (long)(Stopwatch.GetTimestamp() * 1e6 / Stopwatch.Frequency);

    /// <summary>Waits for the next call of a library function after a time, and returns the time of the call.</summary>
    private static async Task<long> NextCallAsync(BenchmarkServer server, string name, long after)
    {
        for (int attempt = 0; attempt < 500; attempt++)
        {
            await Task.Delay(10).ConfigureAwait(false);
            if (server.Trace().Where(call => call.Call == name && call.Microseconds >= after).Select(call => (long?)call.Microseconds).FirstOrDefault() is { } found)
                return found;
        }

        throw new InvalidOperationException($"There was no {name}.");
    }

    private static async Task<string> ProbeAsync(BenchmarkServer server, string path)
    {
        Uri uri = new(path, UriKind.Relative);
        List<double> times = [];
        for (int i = 0; i < Probes; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await server.Client.GetStringAsync(uri).ConfigureAwait(false);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        double[] sorted = Sorted(times.Skip(Probes / 10));
        return $"| `GET {path}` while the node answers, there and back | {Median(sorted):F2} ms | {sorted[^1]:F2} ms |";
    }

    private static double[] Sorted(IEnumerable<double> times) => [.. times.Order()];

    private static double Median(double[] sorted) => sorted[sorted.Length / 2];
}
