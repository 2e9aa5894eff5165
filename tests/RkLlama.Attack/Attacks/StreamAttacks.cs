using System.Net.Sockets;

namespace RkLlama.Attack.Attacks;

/// <summary>Attacks by clients that do not read their answers or that disconnect early, and an attack during which the log is not read.</summary>
internal static class StreamAttacks
{
    private const int SmallBuffer = 4096;

    private static readonly byte[][] Streams =
    [
        .. ((string[])["/v1/chat/completions", "/api/chat", "/generate"]).Select(path =>
            RawClient.Request("POST", path, """{"model":"demo","stream":true,"messages":[{"role":"user","content":"!count 2000"}]}"""u8)),
    ];

    internal static IEnumerable<Attack> All =>
    [
        new("streams that nobody reads, 60 clients", UnreadAsync) { UsesRuntime = true },
        new("streams that are left after some bytes", LeftAsync),
        new("200 clients with small chats", FloodAsync) { UsesRuntime = true },
        new("a log that nobody reads", LogAsync) { LeavesLogUnread = true },
    ];

    private static Task UnreadAsync(AttackContext context) => context.LoopAsync(
        60,
        async client =>
        {
            using Socket socket = await context.ConnectAsync(SmallBuffer).ConfigureAwait(false);
            await socket.SendAsync(Streams[client % Streams.Length], context.Stop).ConfigureAwait(false);
            await Task.Delay(TimeSpan.FromSeconds(5), context.Stop).ConfigureAwait(false);
        });

    private static Task LeftAsync(AttackContext context) => context.LoopAsync(
        16,
        async client =>
        {
            using Socket socket = await context.ConnectAsync().ConfigureAwait(false);
            await socket.SendAsync(Streams[client % Streams.Length], context.Stop).ConfigureAwait(false);
            await socket.ReceiveAsync(new byte[300], context.Stop).ConfigureAwait(false);
        });

    private static Task FloodAsync(AttackContext context) =>
        context.LoopAsync(200, _ => context.PostAsync("/api/chat", """{"model":"demo","stream":false,"messages":[{"role":"user","content":"!count 20"}]}""", Expected.Any), pauseMs: 20);

    private static Task LogAsync(AttackContext context) => context.LoopAsync(
        8,
        async client =>
        {
            await context.PostAsync("/v1/chat/completions", """{"model":"demo","messages":[{"role":"user","content":"!echo logged"}]}""", Expected.Any).ConfigureAwait(false);
            await context.PostAsync("/load_model", """{"model_name":"absent"}""").ConfigureAwait(false);
        });
}
