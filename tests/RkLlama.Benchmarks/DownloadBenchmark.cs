using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace RkLlama.Benchmarks;

/// <summary>Measures downloads of the published server from nginx on loopback, beside <c>curl</c>, and what they cost.</summary>
internal static class DownloadBenchmark
{
    private const int Rounds = 5; // the best one counts
    private const double MB = 1e6;

    // Commands of the shell: $0 is the address, $1 is the file. The second one hashes while it downloads, on another core, as the server does.
    private const string Download = """exec curl -s -f -o "$1" "$0" """;
    private const string DownloadAndHash = """curl -s -f "$0" | tee "$1" | openssl dgst -sha256""";

    public static async Task RunAsync(string executable, string library, string models, TextWriter output)
    {
        using FileHost host = FileHost.Start();
        await SpeedAsync(executable, library, models, host, output).ConfigureAwait(false);
        await CostAsync(executable, library, models, host, output).ConfigureAwait(false);
        await DeliveredAsync(executable, library, models, host, output).ConfigureAwait(false);
    }

    /// <summary>Alternates with curl. Both write to memory, so that the disk does not decide.</summary>
    private static async Task SpeedAsync(string executable, string library, string models, FileHost host, TextWriter output)
    {
        await output.WriteLineAsync($"| download of {FileHost.Size / 1e9:F1} GB | the server | curl | ratio |").ConfigureAwait(false);
        await output.WriteLineAsync("|---|---|---|---|").ConfigureAwait(false);
        string store = Directory.CreateDirectory(Path.Combine(host.Directory, "models")).FullName;
        CopyModel(models, store);
        BenchmarkServer server = await StartAsync(executable, library, store, host, "0").ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            foreach ((string name, string repository, string command) in ((string, string, string)[])
            [
                ("one connection at 2.5 Gbit/s", FileHost.OneAtLineRate, Download),
                ("one connection, as fast as memory allows", FileHost.One, Download),
                ("the same, and the hub promises no hash", FileHost.OneWithoutHash, Download),
                ("the same with a hash, and `curl` with `openssl dgst` beside it", FileHost.One, DownloadAndHash),
            ])
            {
                double pull = double.MaxValue, curl = double.MaxValue;
                for (int round = 0; round < Rounds; round++)
                {
                    curl = Math.Min(curl, Curl(host, repository, command));
                    pull = Math.Min(pull, await PullAsync(server, repository).ConfigureAwait(false));
                }

                await output.WriteLineAsync($"| {name} | {FileHost.Size / pull / MB:N0} MB/s | {FileHost.Size / curl / MB:N0} MB/s | {curl / pull:P1} |").ConfigureAwait(false);
            }
        }

        await output.WriteLineAsync($"| SHA-256 alone, on one core | {FileHost.Size / HashSeconds(host.FilePath) / MB:N0} MB/s | | |").ConfigureAwait(false);
        await output.WriteLineAsync().ConfigureAwait(false);
    }

    private static async Task CostAsync(string executable, string library, string models, FileHost host, TextWriter output)
    {
        double hash = HashSeconds(host.FilePath);
        await output.WriteLineAsync("| cost of a download | | limit |").ConfigureAwait(false);
        await output.WriteLineAsync("|---|---|---|").ConfigureAwait(false);

        // As on a board, whose L3 cache decides it: 4 MiB of garbage at most. On a machine with a large cache, garbage would look like memory that downloads need.
        Environment.SetEnvironmentVariable("DOTNET_GCgen0size", "400000");
        BenchmarkServer server = await StartAsync(executable, library, models, host, "0").ConfigureAwait(false);
        Environment.SetEnvironmentVariable("DOTNET_GCgen0size", null);
        await using (server.ConfigureAwait(false))
        {
            long before = server.ResidentBytes(), highest = before;
            double used = double.MaxValue;
            for (int round = 0; round < Rounds; round++)
            {
                TimeSpan cpu = server.Statistics.Cpu;
                Task<double> pull = PullAsync(server, FileHost.FourAtLineRate);
                while (!pull.IsCompleted)
                {
                    highest = Math.Max(highest, server.ResidentBytes());
                    await Task.Delay(20).ConfigureAwait(false);
                }

                await pull.ConfigureAwait(false);
                used = Math.Min(used, (server.Statistics.Cpu - cpu).TotalSeconds);
            }

            double units = FileHost.Size / (100 * MB);
            await output.WriteLineAsync($"| CPU at 100 MB/s, of one core | {used / units:P1}, of which {hash / units:P1} for the hash; without it {(used - hash) / units:P1} | 33.3 % |").ConfigureAwait(false);
            await output.WriteLineAsync($"| memory more than before, at most | {(highest - before) / 1048576.0:F1} MiB | 16 MiB |").ConfigureAwait(false);
        }

        await output.WriteLineAsync().ConfigureAwait(false);
    }

    private static async Task DeliveredAsync(string executable, string library, string models, FileHost host, TextWriter output)
    {
        BenchmarkServer server = await StartAsync(executable, library, models, host, "1").ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            double alone = 0, beside = 0;
            for (int round = 0; round < 2; round++)
            {
                alone = Math.Max(alone, (await LoadBenchmark.PacedAsync(server).ConfigureAwait(false)).Share);
                Task<double> pull = PullAsync(server, FileHost.FourAtGigabit);
                beside = Math.Max(beside, (await LoadBenchmark.PacedAsync(server).ConfigureAwait(false)).Share);
                if (pull.IsCompleted)
                    throw new InvalidOperationException("The download ended before the answer.");
                await pull.ConfigureAwait(false);
            }

            await output.WriteLineAsync("| generation at the pace of a board | alone | beside a download at 1 Gbit/s | ratio | limit |").ConfigureAwait(false);
            await output.WriteLineAsync("|---|---|---|---|---|").ConfigureAwait(false);
            await output.WriteLineAsync($"| delivered, of the runtime's rate | {alone:P2} | {beside:P2} | {beside / alone:P2} | 99.5 % |").ConfigureAwait(false);
        }

        await output.WriteLineAsync().ConfigureAwait(false);
    }

    private static Task<BenchmarkServer> StartAsync(string executable, string library, string models, FileHost host, string speed)
    {
        Environment.SetEnvironmentVariable("HF_ENDPOINT", host.Address.ToString());
        Environment.SetEnvironmentVariable("HF_HUB_OFFLINE", null);
        return BenchmarkServer.StartAsync(executable, library, models, speed, "long", "--target_platform", "rk3588");
    }

    /// <summary>Downloads a repository and deletes the model. Returns the seconds of the download.</summary>
    private static async Task<double> PullAsync(BenchmarkServer server, string repository)
    {
        long start = Stopwatch.GetTimestamp();
        await server.PostAsync("/api/pull", $$"""{"model":"{{repository}}","stream":false}""").ConfigureAwait(false);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        using HttpRequestMessage delete = new(HttpMethod.Delete, "/api/delete") { Content = new StringContent($$"""{"model":"{{repository.Split('/')[1]}}"}""") };
        using HttpResponseMessage response = await server.Client.SendAsync(delete).ConfigureAwait(false);
        response.EnsureSuccessStatusCode();
        return seconds;
    }

    private static double Curl(FileHost host, string repository, string command)
    {
        string target = Path.Combine(host.Directory, "curl");
        long start = Stopwatch.GetTimestamp();
        Run("bash", "-o", "pipefail", "-c", command, new Uri(host.Address, $"{repository}/resolve/main/{FileHost.FileName}").ToString(), target);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (new FileInfo(target).Length != FileHost.Size)
            throw new InvalidOperationException("curl has not downloaded the file.");
        File.Delete(target);
        return seconds;
    }

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{program} ended with {process.ExitCode}."));
    }

    private static double HashSeconds(string path)
    {
        byte[] content = File.ReadAllBytes(path)[..(256 << 20)];
        SHA256.HashData(content);
        long start = Stopwatch.GetTimestamp();
        SHA256.HashData(content);
        return Stopwatch.GetElapsedTime(start).TotalSeconds * FileHost.Size / content.Length;
    }

    private static void CopyModel(string models, string store)
    {
        string target = Directory.CreateDirectory(Path.Combine(store, "long")).FullName;
        foreach (string file in Directory.GetFiles(Path.Combine(models, "long")))
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
    }
}
