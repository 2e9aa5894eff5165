namespace RkLlama.Soak;

/// <summary>
/// Loads and unloads models, as an operator does, and loads a model again after the server has given it up. One call at a time, except for intended races.
/// </summary>
internal sealed class Operator(SoakServer server, Tally tally, SoakOptions options, CancellationToken stop) : IDisposable
{
    private const int MaxAttempts = 20;
    private const int PatientLooks = 250;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    private readonly HttpClient _http = Exchange.NewClient(server.Address);
    private readonly Random _random = new(options.Seed - 1);

    public void Dispose() => _http.Dispose();

    /// <summary>Changes the model every few seconds until <paramref name="done"/>.</summary>
    internal async Task RunAsync(CancellationToken done)
    {
        while (true)
        {
            // Sometimes waits so long that the worker crashes more often than the server restarts it.
            int looks = _random.Next(6) == 0 ? PatientLooks : _random.Next(10, 40);
            int givenUp = tally.GivenUp;
            for (int i = 0; i < looks && tally.GivenUp == givenUp && !done.IsCancellationRequested; i++)
                await Task.Delay(Look, stop).ConfigureAwait(false);
            if (done.IsCancellationRequested)
                return;

            await ReloadAsync(SoakServer.Models[_random.Next(SoakServer.Models.Length)], race: _random.Next(4) == 0).ConfigureAwait(false);
        }
    }

    /// <summary>Kills the worker every few seconds until <paramref name="done"/>.</summary>
    internal async Task KillAsync(CancellationToken done)
    {
        Random random = new(options.Seed - 2);
        while (!done.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(random.Next(1000, 5000), done).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            if (server.KillWorker(random))
                tally.Killed();
        }
    }

    /// <summary>
    /// Unloads the loaded model and loads another one. Tries again if the worker is killed meanwhile, or if a request has loaded the model that it names.
    /// </summary>
    /// <param name="race">Loads all models at the same time. At most one load may succeed.</param>
    /// <param name="isAlone">Whether there are no other requests.</param>
    internal async Task ReloadAsync(string model, bool race = false, bool isAlone = false)
    {
        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            await PostAsync("/unload_model", "").ConfigureAwait(false);
            IEnumerable<string> models = race ? SoakServer.Models : [model];
            bool[] loaded = await Task.WhenAll(models.Select(name => PostAsync("/load_model", $$"""{"model_name":"{{name}}"}"""))).ConfigureAwait(false);
            int won = loaded.Count(isLoaded => isLoaded);
            if (won > 1)
                tally.Fail("two simultaneous loads both succeeded");
            if (won > 0)
            {
                tally.Loaded();
                return;
            }
        }

        // Requests may win every race. Without other requests, the load must succeed.
        if (isAlone)
            tally.Fail($"{model} could not be loaded in {MaxAttempts} attempts");
    }

    /// <summary>Sends a request while there are no others. The answer must be correct.</summary>
    internal async Task AskAsync(Question question)
    {
        Received received = await Exchange.SendAsync(_http, Api.Guide.Path, Api.Guide.Body(question, stream: false, ""), Manner.Patient, stop).ConfigureAwait(false);
        Verdict verdict = Verdict.Of(received, Api.Guide, question, stream: false, isSlow: false);
        if (verdict.Outcome != Outcome.Complete)
            tally.Fail($"without other requests: {verdict.Outcome} {verdict.Kind}");
    }

    private async Task<bool> PostAsync(string path, string body)
    {
        Received received = await Exchange.SendAsync(_http, path, body, Manner.Patient, stop).ConfigureAwait(false);
        if (received is { Status: 200, End: ExchangeEnd.Clean })
            return true;

        Verdict verdict = received is { Status: 400, End: ExchangeEnd.Clean }
            ? Verdict.OfRefusal(received, Api.Guide, null)
            : new(Outcome.Failure, $"POST {path} returned {received.Status}, {received.End}: {received.Text}");
        if (verdict.Outcome == Outcome.Failure)
            tally.Fail(verdict.Kind);
        return false;
    }
}
