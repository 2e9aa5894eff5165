using System.Globalization;
using System.Net;
using System.Text;

namespace RkLlama.Attack.Attacks;

/// <summary>Requests whose memory or output is large while the runtime works.</summary>
internal static class RuntimeAttacks
{
    private const int BodyBytes = 8 << 20;

    private static readonly IPAddress Other = IPAddress.Parse("127.0.0.9");

    internal static IEnumerable<Attack> All =>
    [
        new("runtime returns pieces of 50 MB", PiecesAsync) { UsesRuntime = true },
        new("waiting requests with bodies of 8 MiB", PaddingAsync) { UsesRuntime = true },
    ];

    private static Task PiecesAsync(AttackContext context) => context.LoopAsync(
        4, _ => context.PostAsync("/v1/chat/completions", """{"model":"demo","max_tokens":8,"messages":[{"role":"user","content":"!fault huge_piece:50000000"}]}""", Expected.Reason));

    private static Task PaddingAsync(AttackContext context)
    {
        byte[] padded = Chat("!sleep 20 4", BodyBytes - 500), small = Chat("!count 2", 20_000);
        return Task.WhenAll(
            context.LoopAsync(4, _ => context.PostAsync("/v1/chat/completions", padded, Expected.Any)),
            context.LoopAsync(1, _ => AskAsOtherAsync(context, small), pauseMs: 100));
    }

    /// <summary>A client with another address gets memory for its body at once.</summary>
    private static async Task AskAsOtherAsync(AttackContext context, byte[] body)
    {
        Answer answer = await RawClient.AskAsync(context.Server, Other, RawClient.Request("POST", "/v1/chat/completions", body), TimeSpan.FromSeconds(30), context.Stop).ConfigureAwait(false);
        if (answer.Status == 503 && answer.Body.Contains("large requests", StringComparison.Ordinal))
            context.Report("lost: 503 for a body of 20 KB of another address");
    }

    private static byte[] Chat(string content, int padding) => Encoding.UTF8.GetBytes(
        string.Create(CultureInfo.InvariantCulture, $$"""{"model":"demo","max_tokens":8,"messages":[{"role":"user","content":"{{content}}"}],"user":"{{new string('u', padding)}}"}"""));
}
