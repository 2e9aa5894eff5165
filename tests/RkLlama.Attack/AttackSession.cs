using System.Diagnostics;

namespace RkLlama.Attack;

/// <summary>One attack on one server: measurement before, attack, check that the server answers, measurement after, stop.</summary>
internal sealed class AttackSession(AttackOptions options, AttackServer server, Attack attack)
{
    private const int WarmUpChats = 20;

    /// <summary>More CPU time than this part of the wall-clock time is work that has not ended.</summary>
    private const double BusyShare = 0.25;

    private static readonly TimeSpan WarmUpPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SettlePatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Overtime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    private readonly Tally _tally = new();
    private double _peakMiB;

    internal async Task<AttackResult> RunAsync()
    {
        InnocentClient innocent = new(server.Address, _tally, attack.Unloads);
        await WarmUpAsync(innocent).ConfigureAwait(false);
        double idleMiB = server.Memory.ResidentMiB;
        server.Memory.ResetPeak();
        if (attack.LeavesLogUnread)
            server.LeaveLogUnread();

        using CancellationTokenSource over = new();
        Task watching = WatchPeakAsync(over.Token);
        HealthProbe probe = HealthProbe.Start(server.Address);
        TimeSpan? answeredAfter;
        try
        {
            using CancellationTokenSource stop = new();
            AttackContext context = new(server.Address, _tally, stop.Token);
            Task innocents = Task.Run(() => innocent.RunAsync(stop.Token));
            Task attacking = Task.Run(() => attack.RunAsync(context));
            await Task.Delay(options.Duration).ConfigureAwait(false);
            await stop.CancelAsync().ConfigureAwait(false);
            await IgnoreEndAsync(attacking).ConfigureAwait(false);
            answeredAfter = await TimeToHealthAsync().ConfigureAwait(false);
            await innocents.WaitAsync(Overtime).ConfigureAwait(false);
        }
        finally
        {
            probe.Stop();
        }

        (double leftMiB, double busySeconds) = await SettleAsync(idleMiB).ConfigureAwait(false);
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
        await SettleAsync(double.MaxValue).ConfigureAwait(false);
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
        while (!server.HasEnded && Stopwatch.GetElapsedTime(start) < SettlePatience)
        {
            Answer answer = await RawClient.AskAsync(
                server.Address, RawClient.Attacker, RawClient.Request("GET", "/health", []), SettlePatience, CancellationToken.None).ConfigureAwait(false);
            if (answer is { End: AnswerEnd.Complete, Status: 200 })
                return Stopwatch.GetElapsedTime(start);
            await Task.Delay(10).ConfigureAwait(false);
        }

        return null;
    }

    /// <summary>
    /// Waits 10 s; if the attack is shorter than this, only until the memory is near its idle size and the server uses no more CPU time.
    /// </summary>
    /// <returns>The memory above the idle size, and the seconds until the server used no more CPU time.</returns>
    private async Task<(double LeftMiB, double BusySeconds)> SettleAsync(double idleMiB)
    {
        bool isFull = options.Duration >= SettlePatience && idleMiB < double.MaxValue;
        long start = Stopwatch.GetTimestamp();
        double busy = 0, cpu = server.Memory.CpuSeconds;
        TimeSpan last = TimeSpan.Zero;
        int quiet = 0;
        while (Stopwatch.GetElapsedTime(start) < SettlePatience && !server.HasEnded)
        {
            await Task.Delay(Look).ConfigureAwait(false);
            (double cpuNow, TimeSpan now) = (server.Memory.CpuSeconds, Stopwatch.GetElapsedTime(start));
            bool isBusy = cpuNow - cpu > BusyShare * (now - last).TotalSeconds;
            (cpu, last) = (cpuNow, now);
            quiet = isBusy ? 0 : quiet + 1;
            if (isBusy)
                busy = now.TotalSeconds;
            if (!isFull && quiet >= 3 && server.Memory.ResidentMiB <= idleMiB + AttackResult.MaxLeftMiB)
                break;
        }

        return (server.Memory.ResidentMiB - idleMiB, busy);
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
