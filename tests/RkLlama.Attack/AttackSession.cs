using System.Diagnostics;

namespace RkLlama.Attack;

/// <summary>One attack on one server: measurement before, attack, check that the server answers, measurement 10 s later, stop.</summary>
internal sealed class AttackSession(AttackOptions options, AttackServer server, Attack attack)
{
    private const int WarmUpChats = 20;
    private const int QuietLooks = 2;

    /// <summary>More CPU time than this part of the wall-clock time is work that has not ended.</summary>
    private const double BusyShare = 0.25;

    private static readonly TimeSpan WarmUpPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Overtime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    private readonly Tally _tally = new();
    private double _peakMiB;

    /// <param name="isIdle">Completed when the server has no more work of the attack, 10 s after the attack at the latest.</param>
    internal async Task<AttackResult> RunAsync(TaskCompletionSource isIdle)
    {
        InnocentClient innocent = new(server, _tally, attack.Unloads);
        await WarmUpAsync(innocent).ConfigureAwait(false);
        double idleMiB = server.Memory.ResidentMiB;
        server.Memory.ResetPeak();
        if (attack.LeavesLogUnread)
            server.LeaveLogUnread();

        using CancellationTokenSource over = new();
        Task watching = WatchPeakAsync(over.Token);
        HealthProbe probe = HealthProbe.Start(server.Address);
        TimeSpan? answeredAfter;
        long end;
        try
        {
            using CancellationTokenSource stop = new();
            AttackContext context = new(server.Address, Path.Combine(server.Home, "models"), _tally, stop.Token);
            Task innocents = Task.Run(() => innocent.RunAsync(stop.Token));
            Task attacking = Task.Run(() => attack.RunAsync(context));
            await Task.Delay(options.Duration).ConfigureAwait(false);
            await stop.CancelAsync().ConfigureAwait(false);
            end = Stopwatch.GetTimestamp();
            await IgnoreEndAsync(attacking).ConfigureAwait(false);
            answeredAfter = await TimeToHealthAsync().ConfigureAwait(false);
            await innocents.WaitAsync(Overtime).ConfigureAwait(false);
        }
        finally
        {
            probe.Stop();
        }

        double busySeconds = await QuietAsync(end).ConfigureAwait(false);
        isIdle.TrySetResult();
        while (Stopwatch.GetElapsedTime(end) < SettleTime && !server.HasEnded)
            await Task.Delay(Look).ConfigureAwait(false);
        double leftMiB = server.HasEnded ? 0 : server.Memory.ResidentMiB - idleMiB;
        if (!server.HasEnded && await innocent.AskAsync(WarmUpPatience).ConfigureAwait(false) is { } problem)
            _tally.Add($"{problem} (after the attack)");
        await over.CancelAsync().ConfigureAwait(false);
        await watching.ConfigureAwait(false);

        string? ending = server.HasEnded ? server.Ending : null;
        TimeSpan? stopped = ending is null ? await server.StopAsync(StopPatience).ConfigureAwait(false) : TimeSpan.Zero;
        return new AttackResult(attack, options, _tally)
        {
            IdleMiB = idleMiB,
            WorstMiB = _peakMiB,
            LeftMiB = leftMiB,
            HealthP99Ms = probe.P99Ms,
            HealthWorstMs = probe.WorstMs,
            HealthWrong = probe.Wrong,
            AnsweredAfter = answeredAfter,
            BusySeconds = busySeconds,
            Stopped = stopped,
            Ending = ending,
            LastLog = server.LastLog,
        };
    }

    /// <summary>Loads the model, touches the code and waits until the server is idle.</summary>
    private async Task WarmUpAsync(InnocentClient innocent)
    {
        for (int i = 0; i < WarmUpChats; i++)
        {
            if (await innocent.AskAsync(WarmUpPatience).ConfigureAwait(false) is { } problem)
                throw new InvalidOperationException($"{problem}\n{server.LastLog}");
        }

        foreach (string path in (string[])["/health", "/ready", "/metrics", "/models", "/api/tags", "/v1/models"])
            await RawClient.AskAsync(server.Address, RawClient.Attacker, RawClient.Request("GET", path, []), WarmUpPatience, CancellationToken.None).ConfigureAwait(false);
        await QuietAsync(Stopwatch.GetTimestamp()).ConfigureAwait(false);
    }

    /// <summary>The attack may end with any exception of its connections; an error of the attack itself is a problem.</summary>
    private async Task IgnoreEndAsync(Task attacking)
    {
        try
        {
            await attacking.WaitAsync(Overtime).ConfigureAwait(false);
        }
        catch (Exception ex) when (ex is OperationCanceledException or System.Net.Sockets.SocketException)
        {
            // Its time is over.
        }
        catch (Exception ex)
        {
            _tally.Add($"the attack itself failed: {ex.GetType().Name}: {ex.Message}");
        }
    }

    /// <returns>The time to an answer of <c>/health</c> on a new connection; <see langword="null"/> without an answer.</returns>
    private async Task<TimeSpan?> TimeToHealthAsync()
    {
        long start = Stopwatch.GetTimestamp();
        while (!server.HasEnded && Stopwatch.GetElapsedTime(start) < AnswerPatience)
        {
            Answer answer = await RawClient.AskAsync(
                server.Address, RawClient.Attacker, RawClient.Request("GET", "/health", []), AnswerPatience, CancellationToken.None).ConfigureAwait(false);
            if (answer is { End: AnswerEnd.Complete, Status: 200 })
                return Stopwatch.GetElapsedTime(start);
            await Task.Delay(10).ConfigureAwait(false);
        }

        return null;
    }

    /// <summary>Waits until the server uses no more CPU time, at most 10 s after the end of the attack.</summary>
    /// <returns>The seconds from the end of the attack to the end of the work.</returns>
    private async Task<double> QuietAsync(long end)
    {
        double busy = 0, cpu = server.Memory.CpuSeconds;
        long last = Stopwatch.GetTimestamp();
        for (int quiet = 0; quiet < QuietLooks && Stopwatch.GetElapsedTime(end) < SettleTime && !server.HasEnded;)
        {
            await Task.Delay(Look).ConfigureAwait(false);
            (double cpuNow, long now) = (server.Memory.CpuSeconds, Stopwatch.GetTimestamp());
            bool isBusy = cpuNow - cpu > BusyShare * Stopwatch.GetElapsedTime(last, now).TotalSeconds;
            (cpu, last) = (cpuNow, now);
            quiet = isBusy ? 0 : quiet + 1;
            if (isBusy)
                busy = Stopwatch.GetElapsedTime(end, now).TotalSeconds;
        }

        return busy;
    }

    private async Task WatchPeakAsync(CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            // The size of a dead process is 0, so keep the last one.
            _peakMiB = Math.Max(_peakMiB, server.Memory.PeakMiB);
            await Task.Delay(20, CancellationToken.None).ConfigureAwait(false);
        }

        _peakMiB = Math.Max(_peakMiB, server.Memory.PeakMiB);
    }
}
