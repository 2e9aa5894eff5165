using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace RkLlama.Attack;

/// <summary>
/// A client with small chats during an attack, one after the other, each on its own connection. It tries again after a 503, as a client of a busy node does.
/// An answer with another content is wrong. A request without an answer within <see cref="Patience"/>, or with another error, is lost.
/// </summary>
internal sealed class InnocentClient(AttackServer server, Tally tally, bool mayBeUnloaded)
{
    /// <summary>The longest time for one request with all its repetitions.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(200);
    private static readonly System.Net.IPAddress Address = System.Net.IPAddress.Parse("127.0.0.2");

    private int _asked;

    /// <summary>Sends requests until <paramref name="stop"/>. The last one gets its full time.</summary>
    internal async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            long start = Stopwatch.GetTimestamp();
            string? problem = await AskAsync(Patience).ConfigureAwait(false);
            tally.AddInnocent(problem, Stopwatch.GetElapsedTime(start), isDuringAttack: !stop.IsCancellationRequested);
            await Task.Delay(Pause, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <returns><see langword="null"/> if the answer is right; otherwise <c>wrong: …</c> or <c>lost: …</c>.</returns>
    internal async Task<string?> AskAsync(TimeSpan patience)
    {
        string marker = $"m{++_asked} stays m{_asked}";
        byte[] request = RawClient.Request(
            "POST", "/v1/chat/completions", Encoding.UTF8.GetBytes($$"""{"model":"demo","messages":[{"role":"user","content":"!echo {{marker}}"}]}"""));
        long start = Stopwatch.GetTimestamp();
        string problem = "lost: no answer";
        while (patience - Stopwatch.GetElapsedTime(start) is { Ticks: > 0 } left)
        {
            Answer answer = await RawClient.AskAsync(server.Address, Address, request, left, CancellationToken.None).ConfigureAwait(false);
            switch (answer)
            {
                case { End: AnswerEnd.Complete, Status: 200 }:
                    return Content(answer.Body) == marker ? null : $"wrong: {Short(answer.Body)}";
                case { Status: 503, RetryAfter: > 0 }:
                    problem = "lost: only 503";
                    break;
                case { End: AnswerEnd.Complete, Status: > 0 } when mayBeUnloaded:
                    problem = $"lost: only {answer.Status}";
                    break;
                case { End: AnswerEnd.Cut, Status: 0 }:
                    // The connection was refused or closed before the answer. A client may connect again.
                    problem = "lost: no connection";
                    break;
                case { End: AnswerEnd.Hung }:
                    return problem;
                default:
                    return $"lost: {answer.End} {answer.Status} {Short(answer.Body)}";
            }

            if (server.HasEnded)
                return "lost: the server has ended";
            await Task.Delay(RetryPause).ConfigureAwait(false);
        }

        return problem;
    }

    private static string? Content(string body)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(body);
            return json.RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString();
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    private static string Short(string text) => text.Length <= 120 ? text : text[..120];
}
