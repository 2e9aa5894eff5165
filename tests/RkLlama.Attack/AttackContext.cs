using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace RkLlama.Attack;

/// <summary>Which answers are right.</summary>
internal enum Expected
{
    /// <summary>A refusal: a status of 400 to 499, 501, 503 with <c>Retry-After</c>, or 507; with a short body.</summary>
    Refusal,

    /// <summary>A refusal, or 200.</summary>
    Any,

    /// <summary>200, a refusal, or another status of 5xx that states a reason: the model is broken, not the request.</summary>
    Reason,

    /// <summary>200, or a 503 with <c>Retry-After</c>; otherwise the request is lost. The request is a correct one.</summary>
    Answer,
}

/// <summary>What an attack uses: the server, its time, and the tally.</summary>
/// <param name="stop">Cancelled when the time of the attack is over. The clients then disconnect.</param>
/// <param name="models">The models directory of the server.</param>
internal sealed class AttackContext(IPEndPoint server, string models, Tally tally, CancellationToken stop)
{
    /// <summary>The longest time for one answer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // Errors say what is wrong. They do not return the request.
    private const int MaxRefusalBytes = 16 << 10;

    internal CancellationToken Stop => stop;

    internal IPEndPoint Server => server;

    internal string Models => models;

    /// <summary>Runs a number of clients, each in a loop, until the time is over.</summary>
    /// <param name="client">One pass of a client; receives the number of the client.</param>
    /// <param name="pauseMs">The pause of a client after each pass.</param>
    internal Task LoopAsync(int clients, Func<int, Task> client, int pauseMs = 1) => Task.WhenAll(Enumerable.Range(0, clients).Select(async number =>
    {
        await Task.Yield();
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await client(number).ConfigureAwait(false);
                await Task.Delay(pauseMs, stop).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (SocketException)
            {
                // The server may refuse and close connections of attackers.
                await Task.Delay(20, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }));

    internal Task<Socket> ConnectAsync(int? receiveBuffer = null) => RawClient.ConnectAsync(server, RawClient.Attacker, stop, receiveBuffer);

    internal Task<Answer> PostAsync(string path, byte[] body, Expected expected = Expected.Refusal) => AskAsync(RawClient.Request("POST", path, body), expected);

    internal Task<Answer> PostAsync(string path, string body, Expected expected = Expected.Refusal) => PostAsync(path, Encoding.UTF8.GetBytes(body), expected);

    internal Task<Answer> GetAsync(string path, Expected expected = Expected.Any) => AskAsync(RawClient.Request("GET", path, []), expected);

    /// <summary>Sends a request and judges its answer.</summary>
    internal async Task<Answer> AskAsync(byte[] request, Expected expected, bool closesItsHalf = false)
    {
        Answer answer = await RawClient.AskAsync(server, RawClient.Attacker, request, Patience, stop, closesItsHalf).ConfigureAwait(false);
        tally.AddAnswer(answer);
        if (Problem(answer, expected) is { } problem)
            tally.Add(problem);
        return answer;
    }

    internal void Report(string problem) => tally.Add(problem);

    private static string? Problem(Answer answer, Expected expected) => answer switch
    {
        { End: AnswerEnd.Stopped } => null,
        { End: AnswerEnd.Hung } => $"hung: no answer in {Patience.TotalSeconds:0} s",
        { End: AnswerEnd.Cut } => expected == Expected.Answer ? "lost: cut" : null,
        { Status: 503, RetryAfter: > 0 } => null,
        { Status: 200 } => expected == Expected.Refusal ? $"wrong: 200 {Short(answer.Body)}" : null,
        _ when expected == Expected.Answer => $"lost: {answer.Status} {Short(answer.Body)}",
        { Bytes: > MaxRefusalBytes } => $"wrong: a refusal of {answer.Bytes >> 10} KiB",
        { Status: (>= 400 and < 500) or 501 or 507 } => null,
        { Status: >= 500 } when expected == Expected.Reason && HasReason(answer.Body) => null,
        _ => $"wrong: {answer.Status} {Short(answer.Body)}",
    };

    private static bool HasReason(string body)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(body);
            return json.RootElement.TryGetProperty("error", out _) && !body.Contains("Fault ", StringComparison.Ordinal) && !body.Contains("   at ", StringComparison.Ordinal);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Short(string text) => text.Length <= 160 ? text : text[..160];
}
