namespace RkLlama.Soak;

/// <summary>The soak: a warm-up, a measurement of the server, the main phase, and a second measurement.</summary>
internal static class SoakRun
{
    private static readonly TimeSpan SettlePatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SettleStep = TimeSpan.FromMilliseconds(250);

    // Short timeouts, so that many events happen: a hanging run fails after 2 s, and a silent stream sends a keep-alive after 1 s.
    private static readonly string[] ServerArguments =
        ["--queue", "32", "--drain", "5", "--prefill-timeout", "2", "--token-timeout", "1", "--abort-grace", "0.5", "--load-timeout", "10", "--heartbeat", "1", "--switch-time", "2"];

    /// <returns>The exit code.</returns>
    internal static Task<int> RunAsync(SoakOptions options) => SoakFrame.RunAsync(
        options,
        "",
        (tally, stop) => SoakServer.StartAsync(options, ServerArguments, tally, stop),
        (server, tally, stop) => RunAsync(options, server, tally, stop),
        static (_, _) => { });

    private static async Task<string> RunAsync(SoakOptions options, SoakServer server, Tally tally, CancellationToken stop)
    {
        using Operator person = new(server, tally, options, stop);
        Clients clients = new(server, tally, options, stop);
        TimeSpan warmUp = options.Duration / 4 < SoakFrame.LongestWarmUp ? options.Duration / 4 : SoakFrame.LongestWarmUp;

        await PhaseAsync(clients, person, warmUp, stop).ConfigureAwait(false);
        ProcessFigures before = await LookAsync(server, person, tally, null, stop).ConfigureAwait(false);
        await PhaseAsync(clients, person, options.Duration - warmUp, stop).ConfigureAwait(false);
        ProcessFigures after = await LookAsync(server, person, tally, before, stop).ConfigureAwait(false);

        if (tally.Complete == 0)
            tally.Fail("no answer was complete");
        return tally.Figures(server.WorkersStarted, before, after);
    }

    /// <summary>Runs the clients for a time. The operator works until the last client has ended.</summary>
    private static async Task PhaseAsync(Clients clients, Operator person, TimeSpan duration, CancellationToken stop)
    {
        await person.ReloadAsync(SoakServer.Models[0], isAlone: true).ConfigureAwait(false);
        using CancellationTokenSource closing = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using CancellationTokenSource done = new();
        closing.CancelAfter(duration);
        Task operating = person.RunAsync(done.Token);
        Task killing = person.KillAsync(closing.Token);
        try
        {
            await clients.RunAsync(closing.Token).ConfigureAwait(false);
        }
        finally
        {
            await done.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(operating, killing).ConfigureAwait(false);
        }
    }

    /// <summary>Brings the server to a defined state (one model loaded, no requests), waits until it has settled, and measures it.</summary>
    /// <param name="before">The first measurement, to check for growth; <see langword="null"/> during the first measurement.</param>
    private static async Task<ProcessFigures> LookAsync(SoakServer server, Operator person, Tally tally, ProcessFigures? before, CancellationToken stop)
    {
        await person.ReloadAsync(SoakServer.Models[0], isAlone: true).ConfigureAwait(false);
        await person.AskAsync(Question.Count(10)).ConfigureAwait(false);

        ProcessFigures last = server.Figures;
        string? wrong = null;
        int calm = 0;
        for (TimeSpan waited = TimeSpan.Zero; waited < SettlePatience && calm < 4; waited += SettleStep)
        {
            await Task.Delay(SettleStep, stop).ConfigureAwait(false);
            ProcessFigures now = server.Figures;
            wrong = Wrong(server, now, before);
            calm = wrong is null && now.Descriptors == last.Descriptors ? calm + 1 : 0;
            last = now;
        }

        if (wrong is not null)
            tally.Fail(wrong);
        return last;
    }

    private static string? Wrong(SoakServer server, ProcessFigures now, ProcessFigures? before)
    {
        (int Id, bool IsZombie)[] workers = server.Workers();
        int processes = server.Processes().Length;
        return workers switch
        {
            _ when workers.Any(worker => worker.IsZombie) => "there is a zombie",
            _ when workers.Length != 1 => $"there are {workers.Length} workers with one model loaded",
            _ when processes != 2 => $"there are {processes} processes of this server instead of 2",
            _ => before is null ? null : now.GrowthSince(before),
        };
    }
}
