namespace RkLlama.Soak.Residents;

/// <summary>Clients of several models: chats with two models, embeddings and judgements. Some disconnect.</summary>
/// <param name="known">The vectors of the texts of <see cref="VectorQuestion.Texts"/>.</param>
internal sealed class ResidentClients(SoakServer server, Tally tally, SoakOptions options, IReadOnlyDictionary<string, string> known, CancellationToken stop)
{
    private const int Count = 10;
    private int _markers;

    /// <summary>Sends requests until <paramref name="closing"/>, and completes when the last answer has arrived.</summary>
    internal Task RunAsync(CancellationToken closing) => Task.WhenAll(Enumerable.Range(1, Count).Select(client => Task.Run(() => RunAsync(client, closing), stop)));

    private async Task RunAsync(int client, CancellationToken closing)
    {
        Random random = new(options.Seed + client);
        using HttpClient http = Exchange.NewClient(server.Address);
        while (!closing.IsCancellationRequested)
        {
            Manner manner = Manner.Patient;
            using CancellationTokenSource leave = new();
            if (random.Next(10) == 0)
            {
                leave.CancelAfter(random.Next(200));
                manner = manner with { Leave = leave.Token };
            }

            Verdict verdict = await (random.Next(100) switch
            {
                < 40 => ChatAsync(http, random, ResidentModel.Chat, client, manner),
                < 50 => ChatAsync(http, random, ResidentModel.SecondChat, client, manner),
                < 75 => AskAsync(http, VectorQuestion.Embed(random, known), manner),
                _ => AskAsync(http, VectorQuestion.Rerank(random), manner),
            }).ConfigureAwait(false);

            // After a failed request, wait shortly before the next one.
            if (verdict.Outcome is not (Outcome.Complete or Outcome.Left))
                await Task.Delay(random.Next(20, 100), stop).ConfigureAwait(false);
        }
    }

    private async Task<Verdict> ChatAsync(HttpClient http, Random random, ResidentModel model, int client, Manner manner)
    {
        Api api = random.Next(2) == 0 ? Api.OpenAi : Api.Ollama;
        bool stream = random.Next(2) == 0;
        Question question = Question.Any(random, client, $"s{options.Seed}c{client}r{Interlocked.Increment(ref _markers)}e");
        Received received = await Exchange.SendAsync(http, api.Path, api.Body(question, stream, model.Name), manner, stop).ConfigureAwait(false);
        Verdict verdict = Verdict.Of(received, api, question, stream, isSlow: false);
        tally.Add(received, verdict);
        return verdict;
    }

    private async Task<Verdict> AskAsync(HttpClient http, VectorQuestion question, Manner manner)
    {
        Received received = await Exchange.SendAsync(http, question.Path, question.Body, manner, stop).ConfigureAwait(false);
        Verdict verdict = question.Judge(received);
        tally.Add(received, verdict);
        return verdict;
    }
}
