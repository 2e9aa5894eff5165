using System.Diagnostics;
using System.Globalization;

namespace RkLlama.Benchmarks;

/// <summary>Compares the published server with a C program that calls the same library directly. The runs of both alternate.</summary>
internal static class BaselineBenchmark
{
    private const int LongAnswer = 10_000;
    private const int Rounds = 10;
    private const int ShortRounds = 200;

    /// <param name="models">A directory with the model <c>long</c>, whose context length allows long answers.</param>
    public static async Task RunAsync(string baseline, string executable, string library, string models, TextWriter output)
    {
        string model = Path.Combine(models, "long", "long.rkllm");
        await output.WriteLineAsync("| against the floor | the server | C, directly | ratio |").ConfigureAwait(false);
        await output.WriteLineAsync("|---|---|---|---|").ConfigureAwait(false);
        BenchmarkServer server = await BenchmarkServer.StartAsync(executable, library, models, "0", "long").ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            IReadOnlyList<ProcessStatistics> processes = [server.Statistics, .. server.Statistics.Children];
            List<double> rates = [], cpus = [], baselineRates = [], baselineCpus = [];
            for (int round = 0; round < Rounds; round++)
            {
                foreach (BaselineRun run in RunBaseline(baseline, library, model, $"!count {LongAnswer}", 1))
                {
                    baselineRates.Add(run.Tokens / run.WholeUs * 1e6);
                    baselineCpus.Add(run.CpuUs / run.Tokens);
                }

                TimeSpan before = TotalCpu(processes);
                (double seconds, int lines) = await StreamAsync(server, LongAnswer).ConfigureAwait(false);
                rates.Add(lines / seconds);
                cpus.Add((TotalCpu(processes) - before).TotalMicroseconds / lines);
            }

            double rate = Median(rates), cpu = cpus.Average();
            await output.WriteLineAsync($"| tokens a second, one stream of {LongAnswer} | {rate:N0} | {Median(baselineRates):N0} | {rate / Median(baselineRates):F3} |").ConfigureAwait(false);
            await output.WriteLineAsync($"| CPU of server and worker, a token | {cpu:F1} µs | {Median(baselineCpus):F2} µs | {cpu / Median(baselineCpus):F0} |").ConfigureAwait(false);

            double[] baselineFirst = [.. RunBaseline(baseline, library, model, "!count 3", ShortRounds).Select(static run => run.FirstUs / 1000).Order()];
            List<double> first = [];
            for (int i = 0; i < ShortRounds; i++)
            {
                long start = Stopwatch.GetTimestamp();
                using HttpResponseMessage response = await server.StreamAsync("!count 3").ConfigureAwait(false);
                using Stream stream = await response.Content.ReadAsStreamAsync().ConfigureAwait(false);
                await stream.ReadAtLeastAsync(new byte[1], 1).ConfigureAwait(false);
                first.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                await stream.CopyToAsync(Stream.Null).ConfigureAwait(false);
            }

            double[] sorted = [.. first.Skip(ShortRounds / 10).Order()];
            await output.WriteLineAsync($"| first token, median | {Median(sorted):F2} ms | {Median(baselineFirst):F3} ms | added {Median(sorted) - Median(baselineFirst):F2} ms |").ConfigureAwait(false);
            await output.WriteLineAsync($"| first token, p99 | {P99(sorted):F2} ms | {P99(baselineFirst):F3} ms | added {P99(sorted) - P99(baselineFirst):F2} ms |").ConfigureAwait(false);
        }

        await output.WriteLineAsync().ConfigureAwait(false);
    }

    /// <summary>Reads a stream at full speed and returns the time from the first byte to the last.</summary>
    internal static async Task<(double Seconds, int Lines)> StreamAsync(BenchmarkServer server, int tokens)
    {
        using HttpResponseMessage response = await server.StreamAsync($"!count {tokens}").ConfigureAwait(false);
        using Stream stream = await response.Content.ReadAsStreamAsync().ConfigureAwait(false);
        byte[] buffer = new byte[1 << 16];
        int lines = 0;
        long start = Stopwatch.GetTimestamp();
        for (int read; (read = await stream.ReadAsync(buffer).ConfigureAwait(false)) > 0;)
            lines += buffer.AsSpan(0, read).Count((byte)'\n');
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, lines);
    }

    private readonly record struct BaselineRun(double FirstUs, double WholeUs, double CpuUs, double Tokens);

    private static List<BaselineRun> RunBaseline(string baseline, string library, string model, string prompt, int runs)
    {
        ProcessStartInfo info = new(baseline, [library, model, prompt, runs.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true, RedirectStandardError = true };
        info.Environment["RKLLM_SIMULATOR_SPEED"] = "0";
        using Process process = Process.Start(info)!;
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        List<BaselineRun> figures = [];
        while (process.StandardOutput.ReadLine() is { } line)
        {
            // Lines of the library are skipped.
            if (line.Split(' ') is ["baseline", var first, var whole, var cpu, var tokens])
                figures.Add(new(Number(first), Number(whole), Number(cpu), Number(tokens)));
        }

        process.WaitForExit();
        return figures;
    }

    internal static TimeSpan TotalCpu(IEnumerable<ProcessStatistics> processes) => processes.Aggregate(TimeSpan.Zero, static (sum, process) => sum + process.Cpu);

    internal static double Median(IEnumerable<double> times) => times.Order().ToArray() is var sorted ? sorted[sorted.Length / 2] : 0;

    private static double P99(double[] sorted) => sorted[(int)(sorted.Length * 0.99)];

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
