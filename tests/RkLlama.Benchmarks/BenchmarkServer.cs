using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace RkLlama.Benchmarks;

/// <summary>The published server on a loopback port, with a loaded model. Stopped on disposal.</summary>
internal sealed class BenchmarkServer : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly string _home;

    private BenchmarkServer(Process process, string home)
    {
        _process = process;
        _home = home;
    }

    public HttpClient Client { get; } = new(new SocketsHttpHandler { MaxResponseDrainSize = 0 });

    public double StartMs { get; private set; }

    public ProcessStatistics Statistics => new(_process.Id);

    /// <param name="speed">The simulator's speed: 1 is that of a board, 0 is without delays.</param>
    public static Task<BenchmarkServer> StartAsync(string executable, string library, string models, string speed) =>
        StartAsync(executable, library, models, speed, "demo");

    /// <param name="speed">The simulator's speed: 1 is that of a board, 0 is without delays.</param>
    /// <param name="model">The name of the model to load.</param>
    public static async Task<BenchmarkServer> StartAsync(string executable, string library, string models, string speed, string model, params string[] arguments)
    {
        string home = Directory.CreateTempSubdirectory("rkllama-bench-").FullName;
        ProcessStartInfo info = new(executable, ["--host", "127.0.0.1", "--port", "0", "--models", models, "--library", library, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        info.Environment["RKLLM_SIMULATOR_SPEED"] = speed;
        info.Environment["RKLLM_SIMULATOR_TRACE"] = Path.Combine(home, "trace.jsonl");
        info.Environment["RKLLAMA_MAX_CONNECTIONS_PER_ADDRESS"] = "512"; // all clients have one address
        long start = Stopwatch.GetTimestamp();
        BenchmarkServer server = new(Process.Start(info)!, home);
        server.Client.BaseAddress = await server.AddressAsync().ConfigureAwait(false);
        await server.Client.GetStringAsync(new Uri("/", UriKind.Relative)).ConfigureAwait(false);
        server.StartMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        await server.PostAsync("/load_model", $$"""{"model_name":"{{model}}"}""").ConfigureAwait(false);
        return server;
    }

    private async Task<Uri> AddressAsync()
    {
        const string Words = "listens on ";
        using CancellationTokenSource timeout = new(StartTimeout);
        while (await _process.StandardOutput.ReadLineAsync(timeout.Token).ConfigureAwait(false) is { } line)
        {
            if (line.IndexOf(Words, StringComparison.Ordinal) is >= 0 and var at)
            {
                _ = _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
                return new(line[(at + Words.Length)..].Split([' ', ',', ';'])[0]);
            }
        }

        throw new InvalidOperationException("The server ended at once.");
    }

    public async Task<string> PostAsync(string path, string body)
    {
        using StringContent content = new(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await Client.PostAsync(new Uri(path, UriKind.Relative), content).ConfigureAwait(false);
        return await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync().ConfigureAwait(false);
    }

    public static string ChatBody(string text, bool stream = false) =>
        $$"""{"messages":[{"role":"user","content":"{{text}}"}],"stream":{{(stream ? "true" : "false")}}}""";

    /// <summary>Starts a stream and returns when the headers have arrived.</summary>
    public async Task<HttpResponseMessage> StreamAsync(string text)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/generate") { Content = new StringContent(ChatBody(text, stream: true)) };
        return await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).ConfigureAwait(false);
    }

    /// <summary>
    /// The calls that the simulator recorded: name and time in microseconds of the monotonic clock, which <see cref="Stopwatch"/> uses too.
    /// </summary>
    public IReadOnlyList<(string Call, long Microseconds)> Trace()
    {
        List<(string, long)> calls = [];
        foreach (string line in File.ReadLines(Path.Combine(_home, "trace.jsonl")))
        {
            using JsonDocument entry = JsonDocument.Parse(line);
            calls.Add((entry.RootElement.GetProperty("call").GetString()!, entry.RootElement.GetProperty("us").GetInt64()));
        }

        return calls;
    }

    /// <summary>The resident memory of the server in bytes.</summary>
    public long ResidentBytes() => long.Parse(
        File.ReadLines($"/proc/{_process.Id}/status").Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(':')[1].Replace("kB", "").Trim(),
        CultureInfo.InvariantCulture) << 10;

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();

        // The worker exits with the server.
        _process.Kill();
        await _process.WaitForExitAsync().ConfigureAwait(false);
        _process.Dispose();
        Directory.Delete(_home, recursive: true);
    }
}
