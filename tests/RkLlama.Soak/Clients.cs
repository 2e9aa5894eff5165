namespace RkLlama.Soak;

/// <summary>The simulated clients: some read slowly, some disconnect, and sometimes many send requests at once.</summary>
internal sealed class Clients(SoakServer server, Tally tally, SoakOptions options, CancellationToken stop)
{
    private const int Regulars = 12;
    private const int CrowdFirst = 21;
    private const int CrowdSize = 40;
    private const int MaxRequestsPerMinute = 20_000;

    private static readonly string[] Faults =
    [
        "segv:5", "segv", "abort:3", "error_state:3", "error_state:minus1", "run_minus1", "no_finish", "double_finish", "n_image_unset",
        "callback_on_other_thread", "leak:1", "hang:4", "hang:prefill",
    ];

    private readonly int _maxRequests = (int)(MaxRequestsPerMinute * options.Duration.TotalMinutes);
    private readonly OutlivingRequests _outliving = new(tally, stop);
    private int _markers;

    /// <summary>Sends requests until <paramref name="closing"/>, and completes when the last answer has arrived.</summary>
    internal Task RunAsync(CancellationToken closing) =>
        Task.WhenAll([.. Enumerable.Range(1, Regulars).Select(client => Task.Run(() => RegularAsync(client, closing), stop)), Task.Run(() => CrowdAsync(closing), stop)]);

    private async Task RegularAsync(int client, CancellationToken closing)
    {
        Random random = new(options.Seed + client);
        using HttpClient http = Exchange.NewClient(server.Address);
        using HttpClient slow = Exchange.NewClient(server.Address, receiveBuffer: 4096);
        while (!closing.IsCancellationRequested && tally.Requests < _maxRequests)
        {
            Verdict verdict = await (random.Next(100) switch
            {
                < 35 => AskAsync(http, random, Question.Any(random, client, Marker(client)), stream: false),
                < 70 => AskAsync(http, random, Question.Any(random, client, Marker(client)), stream: true),
                < 75 => AskAsync(http, random, Question.LongPrompt(Marker(client)), stream: random.Next(2) == 0),
                < 80 => AskAsync(slow, random, Question.Long(client), stream: true, Manner.Patient with { Pause = TimeSpan.FromMilliseconds(random.Next(5, 40)) }),
                < 92 => LeaveAsync(http, random, client),
                < 95 => _outliving.ResumeAsync(http, random, Question.Any(random, client, Marker(client)), Marker(client)),
                < 96 => _outliving.BackgroundAsync(http, Question.Any(random, client, Marker(client))),
                _ => AskAsync(http, random, Question.Fault(Faults[random.Next(Faults.Length)]), stream: random.Next(2) == 0),
            }).ConfigureAwait(false);

            // After a failed request, wait shortly before the next one.
            if (verdict.Outcome is not (Outcome.Complete or Outcome.Left))
                await Task.Delay(random.Next(20, 100), stop).ConfigureAwait(false);
        }
    }

    /// <summary>Disconnects in the queue, during the prefill, or between two tokens.</summary>
    private async Task<Verdict> LeaveAsync(HttpClient http, Random random, int client)
    {
        using CancellationTokenSource leave = new();
        bool stream = random.Next(2) == 0;
        switch (random.Next(3))
        {
            case 0:
                leave.CancelAfter(random.Next(100));
                return await AskAsync(http, random, Question.Any(random, client, Marker(client)), stream, Manner.Patient with { Leave = leave.Token }).ConfigureAwait(false);
            case 1:
                leave.CancelAfter(random.Next(300));
                return await AskAsync(http, random, Question.Fault("slow_prefill:10"), stream, Manner.Patient with { Leave = leave.Token }).ConfigureAwait(false);
            default:
                return await AskAsync(http, random, Question.Paused(5, client + 64), stream: true, Manner.Patient with { LeaveAfterBytes = random.Next(1, 5000) }).ConfigureAwait(false);
        }
    }

    /// <summary>From time to time sends more requests at once than the queue accepts.</summary>
    private async Task CrowdAsync(CancellationToken closing)
    {
        Random random = new(options.Seed);
        while (!closing.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(random.Next(3000, 12_000), closing).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            using HttpClient http = Exchange.NewClient(server.Address);
            await Task.WhenAll(Enumerable.Range(CrowdFirst, CrowdSize).Select(client => Task.Run(
                () => AskAsync(http, new(options.Seed + client), Question.Any(new(options.Seed + client), client, Marker(client)), stream: client % 2 == 0), stop))).ConfigureAwait(false);
        }
    }

    /// <summary>Returns a text that is unique to one request, so that answers cannot be confused.</summary>
    private string Marker(int client) => $"s{options.Seed}c{client}r{Interlocked.Increment(ref _markers)}e";

    /// <summary>Half of the requests use the loaded model. The others name a model, mostly the first one.</summary>
    private async Task<Verdict> AskAsync(HttpClient http, Random random, Question question, bool stream, Manner? manner = null)
    {
        manner ??= Manner.Patient;
        Api api = random.Next(4) switch
        {
            0 => Api.OpenAi,
            1 => Api.Ollama,
            _ => Api.Guide,
        };
        string model = SoakServer.Models[random.Next(20) == 0 ? random.Next(SoakServer.Models.Length) : 0];
        Received received = await Exchange.SendAsync(http, api.Path, api.Body(question, stream, model), manner, stop).ConfigureAwait(false);
        Verdict verdict = Verdict.Of(received, api, question, stream, isSlow: manner.Pause > TimeSpan.Zero);
        tally.Add(received, verdict);
        return verdict;
    }
}
