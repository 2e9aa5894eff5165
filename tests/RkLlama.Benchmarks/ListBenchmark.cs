using System.Diagnostics;

namespace RkLlama.Benchmarks;

/// <summary>Measures the lists of a directory with many models: the first list after the start, and the next ones.</summary>
internal static class ListBenchmark
{
    private const int Models = 1000;
    private const int Lists = 20;

    public static async Task RunAsync(string executable, string library, string models, TextWriter output)
    {
        await output.WriteLineAsync($"| list of {Models} models | first | next {Lists}, median | worst |").ConfigureAwait(false);
        await output.WriteLineAsync("|---|---|---|---|").ConfigureAwait(false);
        DirectoryInfo many = Directory.CreateTempSubdirectory("rkllama-models-");
        try
        {
            for (int i = 0; i < Models; i++)
                Copy(Path.Combine(models, "demo"), Path.Combine(many.FullName, $"model-{i}"));
            foreach (string path in (string[])["/models", "/v1/models", "/api/tags"])
                await MeasureAsync(executable, library, many.FullName, path, output).ConfigureAwait(false);
        }
        finally
        {
            many.Delete(recursive: true);
        }

        await output.WriteLineAsync().ConfigureAwait(false);
    }

    private static async Task MeasureAsync(string executable, string library, string models, string path, TextWriter output)
    {
        BenchmarkServer server = await BenchmarkServer.StartAsync(executable, library, models, "0", "model-0").ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            List<double> times = [];
            for (int i = 0; i <= Lists; i++)
            {
                long start = Stopwatch.GetTimestamp();
                await server.Client.GetStringAsync(new Uri(path, UriKind.Relative)).ConfigureAwait(false);
                times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }

            double[] next = [.. times.Skip(1).Order()];
            await output.WriteLineAsync($"| `GET {path}` | {times[0]:F0} ms | {next[Lists / 2]:F0} ms | {next[^1]:F0} ms |").ConfigureAwait(false);
        }
    }

    private static void Copy(string source, string destination)
    {
        Directory.CreateDirectory(destination);
        foreach (string file in Directory.EnumerateFiles(source))
            File.Copy(file, Path.Combine(destination, Path.GetFileName(file)));
    }
}
