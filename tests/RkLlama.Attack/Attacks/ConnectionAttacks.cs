using System.Net.Sockets;
using System.Text;

namespace RkLlama.Attack.Attacks;

/// <summary>Many connections, and connections that send slowly, nothing, or only half.</summary>
internal static class ConnectionAttacks
{
    private const int Connections = 512;
    private const int OpensPerSecond = 1000;
    private const int OpeningClients = 8;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    internal static IEnumerable<Attack> All =>
    [
        new("512 silent connections of one address", context => HoldAsync(context, "")) { NeedsConnections = true },
        new("512 slow headers, one byte a second", context => HoldAsync(context, "GET /health HTTP/1.1\r\nX: ")) { NeedsConnections = true },
        new("512 slow bodies, one byte a second", context => HoldAsync(
            context, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 7000000\r\n\r\n{")) { NeedsConnections = true },
        new("clients that close their half", HalfClosedAsync),
        new("connections opened and closed", OpenAsync),
        new("requests whose clients reset at once", ResetAsync),
        new("GET in a loop, 32 clients", GetAsync),
    ];

    /// <summary>Holds 512 connections that send one byte a second after a beginning. If the server closes one, a new one takes its place.</summary>
    private static Task HoldAsync(AttackContext context, string start)
    {
        byte[] beginning = Encoding.Latin1.GetBytes(start);
        return context.LoopAsync(
            Connections,
            async _ =>
            {
                using Socket socket = await context.ConnectAsync().ConfigureAwait(false);
                if (beginning.Length == 0)
                {
                    // Ends when the server closes or resets the connection.
                    await socket.ReceiveAsync(new byte[256], context.Stop).ConfigureAwait(false);
                    return;
                }

                await socket.SendAsync(beginning, context.Stop).ConfigureAwait(false);
                while (true)
                {
                    Task<int> closed = socket.ReceiveAsync(new byte[256], context.Stop).AsTask();
                    while (await Task.WhenAny(closed, Task.Delay(1000, context.Stop)).ConfigureAwait(false) != closed)
                        await socket.SendAsync("x"u8.ToArray(), context.Stop).ConfigureAwait(false);
                    if (await closed.ConfigureAwait(false) == 0)
                        return;
                }
            },
            pauseMs: 100);
    }

    /// <summary>Correct requests of clients like <c>nc -N</c>, which must be answered.</summary>
    private static Task HalfClosedAsync(AttackContext context) => context.LoopAsync(
        4,
        async client =>
        {
            string marker = $"half {client} closed";
            byte[] body = Encoding.UTF8.GetBytes($$"""{"model":"demo","messages":[{"role":"user","content":"!echo {{marker}}"}]}""");
            Answer answer = await context.AskAsync(RawClient.Request("POST", "/v1/chat/completions", body), Expected.Answer, closesItsHalf: true).ConfigureAwait(false);
            if (answer is { End: AnswerEnd.Complete, Status: 200 } && !answer.Body.Contains(marker, StringComparison.Ordinal))
                context.Report("wrong: another content");
            await context.AskAsync(RawClient.Request("GET", "/api/tags", []), Expected.Answer, closesItsHalf: true).ConfigureAwait(false);
        },
        pauseMs: 20);

    private static Task OpenAsync(AttackContext context) => context.LoopAsync(
        OpeningClients,
        async _ =>
        {
            using Socket socket = await context.ConnectAsync().ConfigureAwait(false);
        },
        pauseMs: 1000 * OpeningClients / OpensPerSecond);

    private static Task ResetAsync(AttackContext context)
    {
        byte[] request = RawClient.Request("POST", "/v1/chat/completions", """{"model":"demo","messages":[{"role":"user","content":"!count 2000"}]}"""u8);
        return context.LoopAsync(
            16,
            async _ =>
            {
                using Socket socket = await context.ConnectAsync().ConfigureAwait(false);
                await socket.SendAsync(request, context.Stop).ConfigureAwait(false);
                socket.LingerState = new(true, 0);
            },
            pauseMs: 20);
    }

    private static Task GetAsync(AttackContext context)
    {
        byte[][] requests = [.. ((string[])["/", "/v1/models", "/openapi/v1.json", "/metrics", "/api/version", "/current_model"]).Select(path => RawClient.Request("GET", path, []))];
        return context.LoopAsync(32, client => context.AskAsync(requests[client % requests.Length], Expected.Any));
    }

    /// <summary>Sends bytes and reads until the server closes the connection, at most 2 s.</summary>
    internal static async Task ThrowAsync(AttackContext context, byte[] bytes)
    {
        using Socket socket = await context.ConnectAsync().ConfigureAwait(false);
        using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(context.Stop);
        timeout.CancelAfter(LongestWait);
        Task sending = socket.SendAsync(bytes, timeout.Token).AsTask();
        try
        {
            byte[] buffer = new byte[16 << 10];
            while (await socket.ReceiveAsync(buffer, timeout.Token).ConfigureAwait(false) > 0)
            {
            }
        }
        catch (OperationCanceledException) when (!context.Stop.IsCancellationRequested)
        {
            // The server may keep the connection for the next request.
        }
        finally
        {
            socket.Close();
            await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
