using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace RkLlama.Attack;

/// <summary>The server under attack: its own process on a loopback port, with a temporary home directory and models directory.</summary>
internal sealed partial class AttackServer : IAsyncDisposable
{
    private const int KeptLogLines = 12;
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly MemoryLimit _limit;
    private readonly TaskCompletionSource<IPEndPoint> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<string> _log = new();
    private volatile bool _readsLog = true;
    private bool _exceededLimit;

    private AttackServer(Process process, MemoryLimit limit, string home)
    {
        _process = process;
        _limit = limit;
        Home = home;
        Memory = new(process.Id);
    }

    internal IPEndPoint Address { get; private set; } = null!;

    /// <summary>The temporary directory, with the subdirectory <c>models</c>.</summary>
    internal string Home { get; }

    internal ProcessMemory Memory { get; }

    internal bool HasEnded => _process.HasExited;

    internal string LastLog
    {
        get
        {
            lock (_log)
                return string.Join('\n', _log);
        }
    }

    /// <summary>Why the server has ended; only after it has ended.</summary>
    internal string Ending => _exceededLimit || _limit.Kills > 0
        ? string.Create(CultureInfo.InvariantCulture, $"killed above {_limit.MiB} MiB")
        : string.Create(CultureInfo.InvariantCulture, $"ended with exit code {_process.ExitCode}");

    internal static async Task<AttackServer> StartAsync(AttackOptions options, Attack attack)
    {
        MemoryLimit limit = MemoryLimit.Create(options.LimitMiB);
        string home = Directory.CreateTempSubdirectory("rkllama-attack-").FullName, models = Path.Combine(home, "models");
        DemoModel.Copy(options.Model, Path.Combine(models, "demo"));
        attack.Prepare?.Invoke(models, options.Model);

        // The shell enters the group and undoes the niceness of the runner; both are inherited. env resets SIGINT, which a background job ignores.
        string enter = limit.MembersFile is { } members ? $"echo $$ >{members} && " : "";
        string script = $"{enter}exec nice -n -$(nice) env --default-signal=INT,TERM \"$@\" 2>&1";
        ProcessStartInfo info = new(
            "sh",
            ["-c", script, "sh", options.Executable, "--host", "127.0.0.1", "--port", "0", "--models", models, "--library", options.Simulator, "--preload", "demo", "--drain", "2", "--switch-time", "1"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        foreach (string variable in info.Environment.Keys.Where(name => name.StartsWith("RKLL", StringComparison.Ordinal) || name.StartsWith("DOTNET_", StringComparison.Ordinal)).ToArray())
            info.Environment.Remove(variable);
        info.Environment["HOME"] = home;
        info.Environment["RKLLM_SIMULATOR_SPEED"] = "500";

        AttackServer server = new(Process.Start(info)!, limit, home);
        _ = Task.Run(server.ReadLogAsync);
        if (limit.IsWatched)
            _ = Task.Run(server.WatchAsync);
        try
        {
            server.Address = await server._address.Task.WaitAsync(StartPatience).ConfigureAwait(false);
            return server;
        }
        catch
        {
            Console.WriteLine(server.LastLog);
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Stops reading the output of the server, so that the pipe becomes full.</summary>
    internal void LeaveLogUnread() => _readsLog = false;

    /// <summary>Stops the server with SIGTERM.</summary>
    /// <returns>The time that it took; <see langword="null"/> if it did not end in time.</returns>
    internal async Task<TimeSpan?> StopAsync(TimeSpan patience)
    {
        long start = Stopwatch.GetTimestamp();
        using (Process kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync().ConfigureAwait(false);
        try
        {
            await WaitForEndAsync().WaitAsync(patience).ConfigureAwait(false);
            return Stopwatch.GetElapsedTime(start);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await WaitForEndAsync().ConfigureAwait(false);
        _readsLog = true;
        _process.Dispose();
        _limit.Dispose();
        Directory.Delete(Home, recursive: true);
    }

    /// <summary>Waits for the process only. <see cref="Process.WaitForExitAsync"/> also waits for the end of a redirected output, which is not read here.</summary>
    private async Task WaitForEndAsync()
    {
        while (!_process.HasExited)
            await Task.Delay(10).ConfigureAwait(false);
    }

    private async Task ReadLogAsync()
    {
        StreamReader output = _process.StandardOutput;
        try
        {
            while (await output.ReadLineAsync().ConfigureAwait(false) is { } line)
            {
                lock (_log)
                {
                    _log.Enqueue(line);
                    if (_log.Count > KeptLogLines)
                        _log.Dequeue();
                }

                if (ListeningLine.Match(line) is { Success: true } match)
                    _address.TrySetResult(IPEndPoint.Parse(match.Groups[1].Value));
                while (!_readsLog)
                    await Task.Delay(20).ConfigureAwait(false);
            }

            _address.TrySetException(new InvalidOperationException("the server ended at its start"));
        }
        catch (Exception ex) when (ex is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The run is over.
        }
    }

    private async Task WatchAsync()
    {
        try
        {
            while (!_process.HasExited)
            {
                if (Memory.ResidentMiB > _limit.MiB)
                {
                    _exceededLimit = true;
                    _process.Kill(entireProcessTree: true);
                }

                await Task.Delay(10).ConfigureAwait(false);
            }
        }
        catch (InvalidOperationException)
        {
            // The run is over.
        }
    }

    [GeneratedRegex(@"listens on http://([0-9.:]+)")]
    private static partial Regex ListeningLine { get; }
}
