using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace RkLlama.Soak;

/// <summary>The server under test: its own process on a loopback port, with a temporary home directory and models directory.</summary>
internal sealed partial class SoakServer : IAsyncDisposable
{
    /// <summary>The demo model, a copy with a system prompt, and a copy that ignores aborts.</summary>
    internal static readonly string[] Models = ["demo", "brief", "deaf"];

    private const int KeptLogLines = 40;
    private const int KeptFaultLines = 60;
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(45);

    private readonly Process _process;
    private readonly string _home;
    private readonly string _executable;
    private readonly Tally _tally;
    private readonly TaskCompletionSource<Uri> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The last lines of the log. Also the lock for the fields below.
    private readonly Queue<string> _log = new();
    private readonly List<string> _faults = [];
    private bool _isFault;
    private int _started, _evicted;

    private SoakServer(Process process, string home, string executable, Tally tally)
    {
        _process = process;
        _home = home;
        _executable = executable;
        _tally = tally;
    }

    internal Uri Address { get; private set; } = null!;

    /// <summary>The temporary directory of the server.</summary>
    internal string Home => _home;

    internal ProcessFigures Figures => ProcessFigures.Of(_process.Id);

    /// <summary>How often a worker has loaded a model, for a load or as a replacement.</summary>
    internal int WorkersStarted
    {
        get
        {
            lock (_log)
                return _started;
        }
    }

    /// <summary>How often a model has been unloaded to load another one.</summary>
    internal int Evictions
    {
        get
        {
            lock (_log)
                return _evicted;
        }
    }

    internal string LastLog
    {
        get
        {
            lock (_log)
                return string.Join('\n', _log);
        }
    }

    /// <summary>Starts the server with <see cref="Models"/>.</summary>
    internal static Task<SoakServer> StartAsync(SoakOptions options, string[] arguments, Tally tally, CancellationToken stop) => StartAsync(
        options,
        arguments,
        models =>
        {
            foreach (string model in Models)
                AddModel(Path.Combine(models, model), options.Model, model == "brief" ? "Be brief." : "", model == "deaf" ? "abort_ignored" : null);
        },
        [],
        tally,
        stop);

    /// <param name="addModels">Fills the models directory.</param>
    /// <param name="environment">More environment variables. <c>{home}</c> stands for a temporary directory.</param>
    internal static async Task<SoakServer> StartAsync(
        SoakOptions options, string[] arguments, Action<string> addModels, IEnumerable<(string Name, string Value)> environment, Tally tally, CancellationToken stop)
    {
        string home = Directory.CreateTempSubdirectory("rkllama-soak-").FullName;
        addModels(Path.Combine(home, "models"));

        // env resets SIGINT: a background job inherits an ignored SIGINT, and the server would keep ignoring it.
        ProcessStartInfo info = new(
            "env",
            ["--default-signal=INT,TERM", options.Executable, "--host", "127.0.0.1", "--port", "0", "--models", Path.Combine(home, "models"), "--library", options.Simulator, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string variable in info.Environment.Keys.Where(name => name.StartsWith("RKLL", StringComparison.Ordinal)).ToArray())
            info.Environment.Remove(variable);
        info.Environment["HOME"] = home;

        // 0.12 ms per token: fast, but slow enough for disconnects, kills and retries during an answer.
        info.Environment["RKLLM_SIMULATOR_SPEED"] = "500";

        // By default, generation 0 of the heap is as large as the L3 cache: 3 MiB on a board, up to hundreds on a build machine. Garbage in it
        // would look like growth. The value is hexadecimal.
        info.Environment["DOTNET_GCgen0size"] = "400000";
        foreach ((string name, string value) in environment)
            info.Environment[name] = value.Replace("{home}", home, StringComparison.Ordinal);

        SoakServer server = new(Process.Start(info)!, home, options.Executable, tally);
        server._process.OutputDataReceived += (_, line) => server.OnLine(line.Data);
        server._process.ErrorDataReceived += (_, line) => server.OnLine(line.Data);
        server._process.BeginOutputReadLine();
        server._process.BeginErrorReadLine();
        try
        {
            server.Address = await server._address.Task.WaitAsync(StartPatience, stop).ConfigureAwait(false);
            return server;
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <param name="fault">A fault that the simulator has while this model is loaded; <see langword="null"/> for none.</param>
    private static void AddModel(string directory, string source, string system, string? fault)
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "Modelfile"), $"FROM=\"demo.rkllm\"\nSYSTEM=\"{system}\"\n");
        string file = Path.Combine(source, "demo.rkllm"), target = Path.Combine(directory, "demo.rkllm");
        if (fault is null)
            File.CreateSymbolicLink(target, file);
        else
            File.WriteAllText(target, FirstBrace.Replace(File.ReadAllText(file), $$"""{ "fault": "{{fault}}",""", 1));
        foreach (string name in (string[])["tokenizer.json", "tokenizer_config.json"])
            File.Copy(Path.Combine(source, name), Path.Combine(directory, name));
    }

    private void OnLine(string? line)
    {
        if (line is null)
            return;

        lock (_log)
        {
            _log.Enqueue(line);
            if (_log.Count > KeptLogLines)
                _log.Dequeue();
            if (LoadedLine.IsMatch(line))
                _started++;
            if (line.Contains("is unloaded to load another one", StringComparison.Ordinal))
                _evicted++;

            // An indented line belongs to the line before it.
            _isFault = line.StartsWith(' ') ? _isFault : FaultLine.IsMatch(line);
            if (_isFault && _faults.Count < KeptFaultLines)
                _faults.Add(line);
        }

        if (ListeningLine.Match(line) is { Success: true } match)
            _address.TrySetResult(new(match.Groups[1].Value));
    }

    /// <summary>Returns the child processes of the server, and whether each is a zombie.</summary>
    internal (int Id, bool IsZombie)[] Workers()
    {
        List<(int, bool)> workers = [];
        foreach (string task in Directory.EnumerateDirectories($"/proc/{_process.Id}/task"))
        {
            foreach (string child in Read(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                // The name is in parentheses and may contain any character. The state follows it.
                string stat = Read($"/proc/{child}/stat");
                if (stat.LastIndexOf(')') is > 0 and var end)
                    workers.Add((int.Parse(child, CultureInfo.InvariantCulture), stat[end + 2] == 'Z'));
            }
        }

        return [.. workers];
    }

    /// <summary>Kills a random worker with SIGKILL.</summary>
    /// <returns>Whether there was one.</returns>
    internal bool KillWorker(Random random)
    {
        int[] workers = [.. Workers().Where(worker => !worker.IsZombie).Select(worker => worker.Id)];
        if (workers.Length == 0)
            return false;

        try
        {
            using Process worker = Process.GetProcessById(workers[random.Next(workers.Length)]);
            if (!IsOurs(worker.Id))
                return false;
            worker.Kill();
            return true;
        }
        catch (Exception ex) when (ex is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It has already ended.
            return false;
        }
    }

    /// <summary>Returns the processes of this server, including itself and orphans. They are identified by their home directory.</summary>
    internal int[] Processes() =>
    [
        .. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName)
            .Where(name => int.TryParse(name, CultureInfo.InvariantCulture, out _)).Select(name => int.Parse(name!, CultureInfo.InvariantCulture)).Where(IsOurs),
    ];

    private bool IsOurs(int process) =>
        Read($"/proc/{process}/cmdline").StartsWith(_executable, StringComparison.Ordinal)
        && Read($"/proc/{process}/environ").Split('\0').Contains($"HOME={_home}");

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // The process has ended, or belongs to another user.
            return "";
        }
    }

    /// <summary>Stops the server with SIGTERM and checks its exit code.</summary>
    internal async Task StopAsync(CancellationToken stop)
    {
        using (Process kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync(stop).ConfigureAwait(false);
        try
        {
            await _process.WaitForExitAsync(stop).WaitAsync(StopPatience, stop).ConfigureAwait(false);
            if (_process.ExitCode != 0)
                _tally.Fail($"the server ended with exit code {_process.ExitCode}");
        }
        catch (TimeoutException)
        {
            _tally.Fail($"the server did not stop in {StopPatience.TotalSeconds:0} s");
        }
    }

    public async ValueTask DisposeAsync()
    {
        int[] left = Processes();
        if (_process.HasExited && left.Length > 0)
            _tally.Fail($"{left.Length} worker outlived the server");
        foreach (int id in left)
        {
            try
            {
                using Process process = Process.GetProcessById(id);
                process.Kill();
            }
            catch (Exception ex) when (ex is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
            {
                // It has already ended.
            }
        }

        await _process.WaitForExitAsync().ConfigureAwait(false);
        _process.Dispose();
        if (_faults.Count > 0)
            _tally.Fail($"the server's log has faults:\n{string.Join('\n', _faults)}");
        Directory.Delete(_home, recursive: true);
    }

    [GeneratedRegex(@"listens on (http://[0-9.:]+)")]
    private static partial Regex ListeningLine { get; }

    /// <summary>Log lines of unexpected exceptions.</summary>
    [GeneratedRegex("Fault [0-9a-f]|[Uu]nhandled exception")]
    private static partial Regex FaultLine { get; }

    [GeneratedRegex(@"\{")]
    private static partial Regex FirstBrace { get; }

    [GeneratedRegex(@"Model \S+ loaded in \d+ ms")]
    private static partial Regex LoadedLine { get; }
}
