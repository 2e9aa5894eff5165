using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace RkLlama.EndToEnd.Tests.Support;

/// <summary>One published server in its own process, on a loopback port, with its own models directory and a simulator as runtime.</summary>
internal sealed partial class Node : IAsyncDisposable
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _log = new();
    private readonly TaskCompletionSource<Uri> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Node(Process process, string models, string trace)
    {
        _process = process;
        Models = models;
        TracePath = trace;
    }

    internal Uri Address { get; private set; } = null!;

    internal HttpClient Client { get; private set; } = null!;

    internal string Models { get; }

    /// <summary>The simulator's trace file: one JSON object per call.</summary>
    internal string TracePath { get; }

    internal int ProcessId => _process.Id;

    internal string Log => string.Join('\n', _log);

    /// <param name="runtime">A simulator build such as <c>1.2.3</c>, or <see langword="null"/> for none.</param>
    /// <param name="arguments">Further command line arguments.</param>
    internal static Task<Node> StartAsync(string? runtime, string[]? arguments = null, params (string Name, string? Value)[] environment)
    {
        (ProcessStartInfo info, string home) = Prepare(runtime, arguments, environment);
        return LaunchAsync(info, home);
    }

    /// <summary>Starts a server whose stdout is not read after the start.</summary>
    /// <param name="runtime">A simulator build such as <c>1.2.3</c>.</param>
    internal static Task<Node> StartUnreadAsync(string runtime)
    {
        (ProcessStartInfo info, string home) = Prepare(runtime, null, []);
        return LaunchAsync(info, home, readsLog: false);
    }

    /// <summary>Starts the server and waits until it listens.</summary>
    /// <param name="info">The command. Its process becomes the server.</param>
    /// <param name="home">A directory with <c>RKLLAMA/models</c>. The node deletes it at its end.</param>
    /// <param name="readsLog">Whether to read stdout after the start.</param>
    internal static async Task<Node> LaunchAsync(ProcessStartInfo info, string home, bool readsLog = true)
    {
        info.RedirectStandardInput = info.RedirectStandardOutput = info.RedirectStandardError = true;
        Node node = new(Process.Start(info)!, Path.Combine(home, "RKLLAMA", "models"), Path.Combine(home, "trace.jsonl"));
        try
        {
            node._process.ErrorDataReceived += (_, line) => node.OnLine(line.Data);
            node._process.BeginErrorReadLine();
            if (readsLog)
            {
                node._process.OutputDataReceived += (_, line) => node.OnLine(line.Data);
                node._process.BeginOutputReadLine();
            }

            _ = node._process.WaitForExitAsync().ContinueWith(
                _ => node._address.TrySetException(new InvalidOperationException($"The server ended at once:\n{node.Log}")), TaskScheduler.Default);
            while (!readsLog && !node._address.Task.IsCompleted)
                node.OnLine(await node._process.StandardOutput.ReadLineAsync().WaitAsync(Patience));
            node.Address = await node._address.Task.WaitAsync(Patience);
            node.Client = node.NewClient();
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    private static (ProcessStartInfo Info, string Home) Prepare(string? runtime, string[]? arguments, (string Name, string? Value)[] environment)
    {
        string home = Directory.CreateTempSubdirectory("rkllama-e2e-").FullName;
        Directory.CreateDirectory(Path.Combine(home, "RKLLAMA", "models"));

        // env resets SIGINT: a background job inherits an ignored SIGINT, and the server would keep ignoring it.
        arguments ??= ["--port", "0"];
        string[] host = arguments.Contains("--host") ? [] : ["--host", "127.0.0.1"];
        ProcessStartInfo info = new("env", ["--default-signal=INT,TERM", TestPaths.Executable, .. host, .. arguments]);
        info.Environment["HOME"] = home;
        info.Environment["RKLLM_SIMULATOR_SPEED"] = "0";
        info.Environment["HF_HUB_OFFLINE"] = "1";
        info.Environment["RKLLM_SIMULATOR_TRACE"] = Path.Combine(home, "trace.jsonl");
        info.Environment["RKLLAMA_LIBRARY"] = runtime is null ? Path.Combine(home, "no-library.so") : TestPaths.Simulator(runtime);
        foreach ((string name, string? value) in environment)
            info.Environment[name] = value;
        return (info, home);
    }

    /// <summary>Ends the server by SIGKILL.</summary>
    internal void Kill() => _process.Kill();

    /// <summary>Creates a client that closes the connection if an answer is not read to its end. By default, .NET reads the rest.</summary>
    internal HttpClient NewClient() => new(new SocketsHttpHandler { MaxResponseDrainSize = 0 }) { BaseAddress = Address, Timeout = TimeSpan.FromMinutes(2) };

    private void OnLine(string? line)
    {
        if (line is null)
            return;

        _log.Enqueue(line);
        if (Listening.Match(line) is { Success: true } match)
            _address.TrySetResult(new(match.Groups[1].Value));
    }

    /// <summary>Adds a model with a link to the demo model's file, as in the guide, and a copy of the demo's tokenizer.</summary>
    /// <param name="file">The target of the link; <see langword="null"/> for the demo model.</param>
    internal void AddModel(string name, string modelfile = "FROM=\"demo.rkllm\"\n", string? file = null)
    {
        string directory = Path.Combine(Models, name);
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "Modelfile"), modelfile);
        File.CreateSymbolicLink(Path.Combine(directory, "demo.rkllm"), file ?? TestPaths.DemoModel);
        foreach (string promptFile in (string[])["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"])
            File.Copy(Path.Combine(Path.GetDirectoryName(TestPaths.DemoModel)!, promptFile), Path.Combine(directory, promptFile));
    }

    /// <summary>Adds a copy of one of the repository's models.</summary>
    internal void CopyDemo(string demo, string? name = null)
    {
        DirectoryInfo directory = Directory.CreateDirectory(Path.Combine(Models, name ?? demo));
        foreach (string file in Directory.EnumerateFiles(Path.Combine(TestPaths.Root, "models", demo)))
            File.Copy(file, Path.Combine(directory.FullName, Path.GetFileName(file)));
    }

    internal async Task LoadAsync(string name = "demo", string modelfile = "FROM=\"demo.rkllm\"\n", string? file = null)
    {
        AddModel(name, modelfile, file);
        (HttpStatusCode status, JsonElement body) = await PostAsync("/load_model", new { model_name = name }.model_name);
        status.Should().Be(HttpStatusCode.OK, "{0}\n{1}", body, Log);
    }

    private Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(string path, string modelName) =>
        PostJsonAsync(path, $$"""{"model_name":"{{modelName}}"}""");

    internal async Task<(HttpStatusCode Status, JsonElement Body)> PostJsonAsync(string path, string body, CancellationToken cancellationToken = default)
    {
        using HttpResponseMessage response = await Client.PostAsync(new Uri(path, UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/json"), cancellationToken);
        return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync(cancellationToken)).RootElement);
    }

    internal async Task<(HttpStatusCode Status, JsonElement Body)> GetJsonAsync(string path)
    {
        using HttpResponseMessage response = await Client.GetAsync(new Uri(path, UriKind.Relative));
        return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement);
    }

    /// <summary>Sends a prompt to <c>/generate</c> and returns the text of the answer.</summary>
    internal async Task<string> AskAsync(string prompt)
    {
        (HttpStatusCode status, JsonElement body) = await PostJsonAsync("/generate", Chat(prompt));
        status.Should().Be(HttpStatusCode.OK, "{0}\n{1}", body, Log);
        return body.GetProperty("choices")[0].GetProperty("content").GetString()!;
    }

    internal static string Chat(string prompt, bool stream = false) =>
        $$"""{"messages":[{"role":"user","content":{{JsonSerializer.Serialize(prompt, TestJson.Default.String)}}}],"stream":{{(stream ? "true" : "false")}}}""";

    /// <summary>Sends a streaming request and returns when the headers have arrived. The caller reads the answer.</summary>
    internal async Task<HttpResponseMessage> StreamAsync(string prompt, CancellationToken cancellationToken = default)
    {
        HttpRequestMessage request = new(HttpMethod.Post, "/generate") { Content = new StringContent(Chat(prompt, stream: true)) };
        return await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    /// <summary>Returns the ids of the worker processes of this server.</summary>
    internal int[] Workers()
    {
        List<int> workers = [];
        foreach (string task in Directory.EnumerateDirectories($"/proc/{ProcessId}/task"))
        {
            string children = Path.Combine(task, "children");
            try
            {
                workers.AddRange(File.ReadAllText(children).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse));
            }
            catch (IOException)
            {
                // The thread has ended in the meantime. Its children now belong to another thread.
            }
        }

        return [.. workers];
    }

    /// <summary>Returns the worker of the loaded model. Waits until the worker that identified the library has ended.</summary>
    internal async Task<int> WorkerAsync()
    {
        await EventuallyAsync(() => Workers().Length == 1, "there should be one worker");
        return Workers()[0];
    }

    internal void Signal(string signal) => SignalTo(signal, ProcessId);

    internal static void SignalTo(string signal, int process)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", process.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    internal async Task<int> WaitForExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Patience);
        return _process.ExitCode;
    }

    /// <summary>Waits until the log has a line that contains the text.</summary>
    internal Task LogsAsync(string text) => EventuallyAsync(() => Log.Contains(text, StringComparison.Ordinal), $"the log should say '{text}'");

    /// <summary>Waits until this many requests are queued.</summary>
    internal async Task WaitsAsync(int requests)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while ((await GetJsonAsync("/health")).Body.GetProperty("queue").GetProperty("waiting").GetInt32() != requests)
            (watch.Elapsed < Patience).Should().BeTrue("{0} requests should wait\n{1}", requests, Log);
    }

    internal async Task EventuallyAsync(Func<bool> condition, string because)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!condition())
        {
            (watch.Elapsed < Patience).Should().BeTrue("{0}\n{1}", because, Log);
            await Task.Delay(10);
        }
    }

    /// <summary>Returns the calls of one function that the simulator recorded.</summary>
    internal IReadOnlyList<JsonElement> Trace(string call)
    {
        for (int attempt = 1; File.Exists(TracePath); attempt++)
        {
            try
            {
                return [.. File.ReadAllLines(TracePath).Select(line => JsonElement.Parse(line)).Where(entry => entry.GetProperty("call").GetString() == call)];
            }
            catch (JsonException) when (attempt < 5)
            {
                // The file was read while a line was written.
            }
        }

        return [];
    }

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        if (!_process.HasExited)
        {
            int[] workers = Workers();
            _process.Kill();
            await _process.WaitForExitAsync();
            foreach (int worker in workers)
            {
                if (File.Exists($"/proc/{worker}/cmdline") && File.ReadAllText($"/proc/{worker}/cmdline").StartsWith(TestPaths.Executable, StringComparison.Ordinal))
                    SignalTo("KILL", worker);
            }
        }

        _process.Dispose();
        Directory.Delete(Path.GetDirectoryName(TracePath)!, recursive: true);
    }

    [GeneratedRegex(@"listens on (http://[0-9.:]+)")]
    private static partial Regex Listening { get; }
}
