using System.Globalization;
using System.Text;

namespace RkLlama.EndToEnd.Tests.Support;

/// <summary>The data that a test sends on one connection.</summary>
internal sealed record WireCase(string Kind, byte[][] Pieces, Farewell Farewell)
{
    public override string ToString()
    {
        string text = Encoding.Latin1.GetString([.. Pieces.SelectMany(piece => piece)]);
        return $"{Kind}, {Farewell}, {text.Length} bytes: {string.Concat((text.Length > 500 ? text[..500] : text).Select(Printable))}";
    }

    private static string Printable(char c) => c is >= ' ' and < '\x7F' and not '\\' ? c.ToString() : string.Create(CultureInfo.InvariantCulture, $"\\x{(int)c:X2}");
}

/// <summary>Generates bytes that are not HTTP, or almost HTTP. Each character of a text is one byte (Latin-1).</summary>
internal static class WireFuzzer
{
    private const string Body = """{"messages":[{"role":"user","content":"!count 30"}],"stream":true}""";

    private static readonly string[] Paths = ["/", "/models", "/current_model", "/load_model", "/unload_model", "/generate", "/health", "/ready", "/pull", "/nothing",
         "/v1/chat/completions", "/v1/models", "/api/chat", "/api/tags"];

    private static readonly string[] RequestLines =
    [
        "", " ", "GET", "GET ", "GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", "GET / HTTP/9.9", "GET / HTTP/1.", "GET / http/1.1", "GET / XTTP/1.1", "get / HTTP/1.1", "GET\t/\tHTTP/1.1",
        "G\0T / HTTP/1.1", "GET /\0 HTTP/1.1", "GET /%00 HTTP/1.1", "GET /%zz HTTP/1.1", "GET /% HTTP/1.1", "GET /\xFF HTTP/1.1", "GET /%ff%fe HTTP/1.1", "GET //// HTTP/1.1", "GET /../../etc/passwd HTTP/1.1",
        "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1", "GET /models/..%2f..%2foutside HTTP/1.1", "GET http://example.invalid/ HTTP/1.1", "GET * HTTP/1.1", "OPTIONS * HTTP/1.1", "CONNECT example.invalid:443 HTTP/1.1",
        "CONNECT / HTTP/1.1", "TRACE / HTTP/1.1", "PRI * HTTP/2.0", "GET ? HTTP/1.1", "GET /?\xC3\x28 HTTP/1.1", "GET /models?x=%00 HTTP/1.1", "GET /#fragment HTTP/1.1", "POST /generate HTTP/1.0",
        "\r\n\r\nGET / HTTP/1.1", "GET / HTTP/1.1\rHost: x", "VERYLONGMETHODNAMETHATNOBODYKNOWS / HTTP/1.1",
    ];

    private static readonly string[] Headers =
    [
        "Host", "Host:", "Host: a\r\nHost: b", "Host: \xFF", "Host: a b", ": value", "Name : value", " Name: value", "Name: value\r\n folded", "Name: a\0b", "Name: a\rb", "Name: \xC3\xA9", "N\xE9me: x", "Name: a\nOther: b",
        "(): x", "Content-Length: -1", "Content-Length: +5", "Content-Length: 5, 5", "Content-Length: 1\r\nContent-Length: 2", "Content-Length: 99999999999999999999", "Content-Length: 9223372036854775807", "Content-Length: 0x10",
        "Content-Length: ", "Content-Length: 5\r\nTransfer-Encoding: chunked", "Transfer-Encoding: gzip", "Transfer-Encoding: identity", "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip",
        "Transfer-Encoding: xchunked", "Transfer-Encoding:\x0B" + "chunked", "Expect: 100-continue", "Expect: the-impossible", "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA",
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", "Connection: close, keep-alive, \xFF", "Content-Type: \xFF", "Content-Type: multipart/form-data; boundary=", "Content-Encoding: gzip",
        "Accept: \0", "Accept-Encoding: *;q=9", "Range: bytes=0-18446744073709551615", "If-None-Match: *", "Authorization: Bearer ", "Authorization: \xFF\xFE", "X-Api-Key:", "Cookie: a=b; =; ;;", "X-Forwarded-For: ' OR 1",
        "X-HTTP-Method-Override: DELETE", "Date: never",
    ];

    private static readonly string[] Chunks =
    [
        "zz\r\nxx\r\n0\r\n\r\n", "-1\r\nx\r\n0\r\n\r\n", "FFFFFFFFFFFFFFFF\r\nx", "7FFFFFFF\r\nx", "80000000\r\nx", "100000000\r\nx", "5\r\n12345", "5\r\n123456\r\n0\r\n\r\n", "5\r\n1234\r\n0\r\n\r\n", "5 \r\n12345\r\n0\r\n\r\n",
        "5;ext=\"\r\n12345\r\n0\r\n\r\n", "0\r\n", "0\r\n\r\ngarbage", "0\r\nContent-Length: 5\r\n\r\n", "0\r\nX: \0\r\n\r\n", "\r\n\r\n", "5\n12345\n0\n\n", "05\r\n12345\r\n000000000000000000\r\n\r\n", "0x5\r\n12345\r\n0\r\n\r\n", "5\r12345\r0\r\r",
    ];

    internal static WireCase Any(Random random) => random.Next(11) switch
    {
        0 => new("random bytes", [RandomBytes(random, random.Next(1, 4000))], Leave(random)),
        1 => new("request line", [Bytes($"{Pick(random, RequestLines)}\r\nHost: x\r\n\r\n")], Leave(random)),
        2 => new("header", [Bytes(Request(random, Pick(random, Headers)))], Leave(random)),
        3 => new("large headers", [Bytes(Request(random, Large(random)))], Leave(random)),
        4 => new("chunks", [Bytes($"POST {Pick(random, Paths)} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{Pick(random, Chunks)}")], Leave(random)),
        5 => Truncated(random),
        6 => new("in pieces", InPieces(random, Bytes(Request(random, "Connection: close"))), Farewell.Lingers),
        7 => new("pipelined", [Bytes(Request(random, "X: y") + Request(random, "X: y") + Pick(random, RequestLines) + "\r\n\r\n")], Leave(random)),
        8 => new("another protocol", [Bytes(Pick(random, Protocols))], Leave(random)),
        9 => new("wrong method", [Bytes($"{Pick(random, "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "GET", "POST", "BREW")} {Pick(random, Paths)} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")], Farewell.Lingers),
        _ => new("damaged", [Damaged(random, Bytes(Request(random, Pick(random, Headers))))], Leave(random)),
    };

    private static readonly string[] Protocols =
    [
        "\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", "SSH-2.0-OpenSSH_9.7\r\n", "\0\0\0\x5A\xFFSMBr", "EHLO localhost\r\n", "*1\r\n$4\r\nPING\r\n",
        "\x05\x01\x00", "\x03\0\0\x13\x0E\xE0\0\0\0\0\0\x01\0\x08\0\x03\0\0\0", "{\"jsonrpc\":\"2.0\"}\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
    ];

    private static string Request(Random random, string header)
    {
        string path = Pick(random, Paths);
        return random.Next(2) == 0
            ? $"GET {path} HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n"
            : $"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {Body.Length}\r\n{header}\r\n\r\n{Body}";
    }

    private static string Large(Random random) => random.Next(4) switch
    {
        0 => $"X: {new string('x', random.Next(1_000, 100_000))}",
        1 => $"{new string('x', random.Next(1_000, 100_000))}: x",
        2 => string.Join("\r\n", Enumerable.Range(0, random.Next(50, 3_000)).Select(i => $"X{i}: y")),
        _ => $"Cookie: {string.Concat(Enumerable.Repeat("a=b; ", random.Next(100, 20_000)))}",
    };

    /// <summary>Returns an incomplete request. The client then closes its side or resets the connection.</summary>
    private static WireCase Truncated(Random random)
    {
        byte[] request = Bytes(Request(random, "X: y"));
        return new("truncated", [request[..random.Next(1, request.Length)]], random.Next(2) == 0 ? Farewell.ClosesItsHalf : Farewell.Resets);
    }

    private static byte[][] InPieces(Random random, byte[] request)
    {
        List<byte[]> pieces = [];
        for (int i = 0, length; i < request.Length; i += length)
        {
            length = Math.Min(random.Next(1, 40), request.Length - i);
            pieces.Add(request[i..(i + length)]);
        }

        return [.. pieces];
    }

    private static byte[] Damaged(Random random, byte[] request)
    {
        List<byte> damaged = [.. request];
        for (int i = random.Next(1, 8); i > 0; i--)
        {
            int at = random.Next(damaged.Count);
            switch (random.Next(4))
            {
                case 0:
                    damaged[at] = (byte)random.Next(256);
                    break;
                case 1:
                    damaged.Insert(at, (byte)random.Next(256));
                    break;
                case 2 when damaged.Count > 1:
                    damaged.RemoveAt(at);
                    break;
                default:
                    damaged.InsertRange(at, damaged.GetRange(at, Math.Min(random.Next(1, 60), damaged.Count - at)));
                    break;
            }
        }

        return [.. damaged];
    }

    private static Farewell Leave(Random random) => random.Next(6) switch
    {
        0 => Farewell.Resets,
        1 => Farewell.ClosesItsHalf,
        _ => Farewell.Lingers,
    };

    private static byte[] RandomBytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    private static string Pick(Random random, params string[] choices) => choices[random.Next(choices.Length)];
}
