using System.Text.Json;

namespace RkLlama.Soak.Residents;

/// <summary>
/// The soak with several models: four models of which three may be in memory, on a simulated node whose memory is not enough for each three of them. So models
/// are evicted all the time, and some loads fail for lack of memory at first. Workers are killed. The simulator reports runs that overlap.
/// </summary>
internal static class ResidentsSoak
{
    private const int MaxModels = 3;

    // Enough for the two chat models, or for one of them with the embedder and the reranker, but not for the two chat models with a third model.
    private const string NodeMemory = "2500M";
    private const string Node = "{home}/node";

    private static readonly TimeSpan SettlePatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SettleStep = TimeSpan.FromMilliseconds(250);

    private static readonly string[] ServerArguments =
        ["--max-models", "3", "--queue", "32", "--drain", "5", "--load-timeout", "10", "--heartbeat", "1", "--switch-time", "1"];

    /// <returns>The exit code.</returns>
    internal static Task<int> RunAsync(SoakOptions options) => SoakFrame.RunAsync(
        options,
        $" with {MaxModels} models in memory",
        (tally, stop) => SoakServer.StartAsync(
            options,
            ServerArguments,
            models => ResidentModel.All.ToList().ForEach(model => model.CopyTo(models, options.Residents!)),
            [("RKLLM_SIMULATOR_NODE", Node), ("RKLLM_SIMULATOR_MEMORY", NodeMemory), ("RKLLM_SIMULATOR_OOM", "fail")],
            tally,
            stop),
        (server, tally, stop) => RunAsync(options, server, tally, stop),
        static (server, tally) =>
        {
            if (Lines(server, "models") is { Length: > 0 } models)
                tally.Fail($"{models.Length} models are in the memory of the node after the end of the server");
        });

    private static async Task<string> RunAsync(SoakOptions options, SoakServer server, Tally tally, CancellationToken stop)
    {
        IReadOnlyDictionary<string, string> known = await VectorsAsync(server, stop).ConfigureAwait(false);
        ResidentClients clients = new(server, tally, options, known, stop);
        TimeSpan warmUp = options.Duration / 4 < SoakFrame.LongestWarmUp ? options.Duration / 4 : SoakFrame.LongestWarmUp;

        await PhaseAsync(clients, server, tally, options, warmUp, stop).ConfigureAwait(false);
        ProcessFigures before = await LookAsync(server, tally, null, stop).ConfigureAwait(false);
        await PhaseAsync(clients, server, tally, options, options.Duration - warmUp, stop).ConfigureAwait(false);
        ProcessFigures after = await LookAsync(server, tally, before, stop).ConfigureAwait(false);

        string[] overlaps = Lines(server, "violations");
        if (overlaps.Length > 0)
            tally.Fail($"{overlaps.Length} violations, the first: {overlaps[0]}");
        if (tally.Complete == 0)
            tally.Fail("no answer was complete");
        return $"{tally.Figures(server.WorkersStarted, before, after)}, {server.Evictions} evictions, {overlaps.Length} overlaps";
    }

    /// <summary>Runs the clients for a time. Meanwhile workers are killed.</summary>
    private static async Task PhaseAsync(ResidentClients clients, SoakServer server, Tally tally, SoakOptions options, TimeSpan duration, CancellationToken stop)
    {
        using CancellationTokenSource closing = CancellationTokenSource.CreateLinkedTokenSource(stop);
        closing.CancelAfter(duration);
        Task killing = KillAsync(server, tally, new(options.Seed), closing.Token);
        await clients.RunAsync(closing.Token).ConfigureAwait(false);
        await killing.ConfigureAwait(false);
    }

    private static async Task KillAsync(SoakServer server, Tally tally, Random random, CancellationToken closing)
    {
        while (!closing.IsCancellationRequested)
        {
            await Task.Delay(random.Next(1000, 4000), closing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!closing.IsCancellationRequested && server.KillWorker(random))
                tally.Killed();
        }
    }

    /// <summary>Returns the vectors of the texts, from an answer without other requests.</summary>
    private static async Task<IReadOnlyDictionary<string, string>> VectorsAsync(SoakServer server, CancellationToken stop)
    {
        using HttpClient http = Exchange.NewClient(server.Address);
        string[] texts = [.. VectorQuestion.Texts];
        Received received = await Exchange.SendAsync(http, "/v1/embeddings", VectorQuestion.EmbedBody(texts), Manner.Patient, stop).ConfigureAwait(false);
        using JsonDocument answer = JsonDocument.Parse(received.Text);
        return texts.Zip(VectorQuestion.Vectors(answer.RootElement)).ToDictionary();
    }

    /// <summary>Asks each model without other requests, waits until the server has settled, and measures it.</summary>
    /// <param name="before">The first measurement, to check for growth; <see langword="null"/> during the first measurement.</param>
    private static async Task<ProcessFigures> LookAsync(SoakServer server, Tally tally, ProcessFigures? before, CancellationToken stop)
    {
        using HttpClient http = Exchange.NewClient(server.Address);
        VectorQuestion question = VectorQuestion.Rerank(new(1));
        Verdict verdict = question.Judge(await Exchange.SendAsync(http, question.Path, question.Body, Manner.Patient, stop).ConfigureAwait(false));
        if (verdict.Outcome != Outcome.Complete)
            tally.Fail($"without other requests: {verdict.Outcome} {verdict.Kind}");

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
        int processes = server.Processes().Length, models = Lines(server, "models").Length;
        return workers switch
        {
            _ when workers.Any(static worker => worker.IsZombie) => "there is a zombie",
            _ when workers.Length > MaxModels => $"there are {workers.Length} workers with at most {MaxModels} models",
            _ when processes != workers.Length + 1 => $"there are {processes} processes of this server instead of {workers.Length + 1}",
            _ when models != workers.Length => $"{models} models are in the memory of the node, with {workers.Length} workers",
            _ => before is null ? null : now.GrowthSince(before),
        };
    }

    /// <summary>Returns the lines of a file of the simulated node; none if there is no such file.</summary>
    private static string[] Lines(SoakServer server, string file)
    {
        string path = Path.Combine(server.Home, "node", file);
        return File.Exists(path) ? File.ReadAllLines(path) : [];
    }
}
