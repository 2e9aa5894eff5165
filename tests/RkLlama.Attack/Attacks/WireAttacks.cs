using System.Net.Sockets;
using System.Text;

namespace RkLlama.Attack.Attacks;

/// <summary>Bytes that are not HTTP, or almost HTTP.</summary>
internal static class WireAttacks
{
    private const int Clients = 12;
    private const string Chat = """{"model":"demo","messages":[{"role":"user","content":"!echo this was read although"}]}""";

    internal static IEnumerable<Attack> All =>
    [
        new("60,000 headers, long headers and URLs", LargeHeadAsync),
        new("ambiguous lengths and encodings", FramingAsync),
        new("bad request lines and other protocols", BadLinesAsync),
        new("pipelined requests and garbage", PipelineAsync),
        new("pipelined requests without end, 16 clients", FloodAsync),
    ];

    private static Task LargeHeadAsync(AttackContext context)
    {
        byte[][] requests =
        [
            .. ((string[])[
                Head("/health", string.Concat(Enumerable.Range(0, 60_000).Select(number => $"x{number}: y\r\n"))),
                Head("/health", $"Cookie: {new string('c', 4 << 20)}\r\n"),
                Head("/health", $"{new string('n', 1 << 20)}: x\r\n"),
                Head($"/{new string('u', 1 << 20)}", ""),
                Head($"/v1/models/{string.Concat(Enumerable.Repeat("%2F..", 100_000))}", ""),
                Head($"/api/tags?{string.Join('&', Enumerable.Range(0, 100_000).Select(number => $"a{number}=b"))}", "")])
            .Select(Encoding.Latin1.GetBytes),
        ];
        return context.LoopAsync(Clients, client => context.AskAsync(requests[client % requests.Length], Expected.Refusal));
    }

    private static string Head(string target, string headers) => $"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n";

    /// <summary>Requests whose length a proxy and the server could understand differently. All must be refused.</summary>
    private static Task FramingAsync(AttackContext context)
    {
        string chunked = $"{Chat.Length:x}\r\n{Chat}\r\n0\r\n\r\n";
        (string Header, string Body)[] kinds =
        [
            ($"Content-Length: +{Chat.Length}", Chat), ("Content-Length: -1", Chat), ($"Content-Length: 0x{Chat.Length:x}", Chat), ($"Content-Length: {Chat.Length}\r\nContent-Length: 3", Chat),
            ("Content-Length: 99999999999999999999", Chat), ("Transfer-Encoding: gzip, chunked", chunked), ("Transfer-Encoding: xchunked", chunked), ("Transfer-Encoding: gzip", chunked),
        ];
        byte[][] requests =
        [
            .. kinds.Select(kind => Encoding.Latin1.GetBytes(
                $"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n{kind.Header}\r\n\r\n{kind.Body}")),
        ];
        return context.LoopAsync(requests.Length, client => context.AskAsync(requests[client], Expected.Refusal), pauseMs: 20);
    }

    private static Task BadLinesAsync(AttackContext context)
    {
        byte[][] texts =
        [
            .. ((string[])[
                "GET", "GET  / HTTP/1.1\r\n\r\n", "GET / HTTP/9.9\r\nHost: x\r\n\r\n", "G\0T / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "SSH-2.0-x\r\n",
                "GET /%00/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "CONNECT a:1 HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\n folded: x\r\n\r\n"]).Select(Encoding.Latin1.GetBytes),
            Random(100_000),
            Encoding.Latin1.GetBytes(new string('x', 4 << 20)),
        ];
        return context.LoopAsync(Clients, client => ConnectionAttacks.ThrowAsync(context, texts[System.Random.Shared.Next(texts.Length)]), pauseMs: 5);
    }

    private static Task PipelineAsync(AttackContext context)
    {
        string many = string.Concat(Enumerable.Repeat("GET /health HTTP/1.1\r\nHost: x\r\n\r\n", 500));
        string posts = string.Concat(Enumerable.Repeat($"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {Chat.Length}\r\n\r\n{Chat}", 50));
        byte[][] texts =
        [
            [.. Encoding.Latin1.GetBytes(many), .. Random(10_000)],
            [.. Encoding.Latin1.GetBytes(posts), .. Random(10_000)],
            Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat("\r\n", 500_000))),
        ];
        return context.LoopAsync(6, client => ConnectionAttacks.ThrowAsync(context, texts[client % texts.Length]), pauseMs: 5);
    }

    /// <summary>Connections that send requests and read answers as fast as they can, without waiting for one before the next.</summary>
    private static Task FloodAsync(AttackContext context)
    {
        byte[] requests = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat("GET /health HTTP/1.1\r\nHost: x\r\n\r\n", 2000)));
        return context.LoopAsync(16, async _ =>
        {
            using Socket socket = await context.ConnectAsync().ConfigureAwait(false);
            Task reading = ReadAsync(socket, context.Stop);
            try
            {
                while (!reading.IsCompleted)
                    await socket.SendAsync(requests, context.Stop).ConfigureAwait(false);
            }
            finally
            {
                socket.Close();
                await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        });
    }

    private static async Task ReadAsync(Socket socket, CancellationToken stop)
    {
        byte[] buffer = new byte[64 << 10];
        while (await socket.ReceiveAsync(buffer, stop).ConfigureAwait(false) > 0)
        {
        }
    }

    private static byte[] Random(int count)
    {
        byte[] bytes = new byte[count];
        new Random(1).NextBytes(bytes);
        return bytes;
    }
}
