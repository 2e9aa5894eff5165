using System.Text;

namespace RkLlama.Attack.Attacks;

/// <summary>Bodies that are expensive to parse, and bodies that are not JSON.</summary>
internal static class JsonAttacks
{
    private const int Clients = 12;

    // The largest body that the server accepts.
    private const int BodyBytes = 8 << 20;

    private static readonly string[] Paths = ["/v1/chat/completions", "/api/chat", "/generate", "/v1/responses", "/api/show", "/load_model"];

    internal static IEnumerable<Attack> All =>
    [
        new("wide JSON: 1,000,000 values", WideAsync),
        new("deep JSON: nesting of 10,000 and 1,000,000", DeepAsync),
        new("body is one string or one number of 8 MiB", OneValueAsync),
        new("body is 8 MiB of \\u0000", EscapesAsync),
        new("bodies with invalid UTF-8", InvalidTextAsync),
        new("model name of 7 MiB", LongNameAsync),
        new("body in chunks of one byte", SmallChunksAsync),
    ];

    private static Task SendAllAsync(AttackContext context, byte[][] bodies, Expected expected) =>
        context.LoopAsync(Clients, client => context.PostAsync(Paths[client % Paths.Length], bodies[client / Paths.Length % bodies.Length], expected));

    private static Task WideAsync(AttackContext context)
    {
        string values = string.Join(',', Enumerable.Repeat("1", 1_000_000));
        string objects = string.Join(',', Enumerable.Range(0, 250_000).Select(number => $"\"k{number}\":[{{}}]"));
        const string Chat = "\"model\":\"demo\",\"messages\":[{\"role\":\"user\",\"content\":\"!echo hello\"}]";
        return SendAllAsync(context, [Encoding.UTF8.GetBytes($"{{\"unknown\":[{values}],{Chat}}}"), Encoding.UTF8.GetBytes($"{{\"options\":{{{objects}}},{Chat}}}")], Expected.Any);
    }

    private static Task DeepAsync(AttackContext context)
    {
        byte[][] bodies =
        [
            .. ((int[])[10_000, 1_000_000]).Select(depth => Encoding.UTF8.GetBytes($"{{\"messages\":{new string('[', depth)}{new string(']', depth)}}}")),
            Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"messages\":", 10_000))),
        ];
        return context.LoopAsync(Clients, client => context.PostAsync(Paths[client % Paths.Length], bodies[client % bodies.Length]));
    }

    private static Task OneValueAsync(AttackContext context) =>
        SendAllAsync(context, [Filled("\"", 'x', "\""), Filled("", '7', ""), Filled("{\"temperature\":", '7', "}"), Filled("", ' ', ""), Filled("{\"messages\":\"", 'x', "\"}")], Expected.Refusal);

    private static byte[] Filled(string start, char filling, string end) => Encoding.UTF8.GetBytes($"{start}{new string(filling, BodyBytes - start.Length - end.Length)}{end}");

    private static Task EscapesAsync(AttackContext context)
    {
        string escapes = string.Concat(Enumerable.Repeat("\\u0000", (BodyBytes - 100) / 6));
        byte[] body = Encoding.UTF8.GetBytes($"{{\"model\":\"demo\",\"messages\":[{{\"role\":\"user\",\"content\":\"{escapes}\"}}]}}");
        return context.LoopAsync(Clients, client => context.PostAsync(Paths[client % 3], body));
    }

    private static Task InvalidTextAsync(AttackContext context)
    {
        byte[][] bodies =
        [
            .. ((string[])["\xFF\xFE", "\xC3(", "\xED\xA0\x80", "\xF8\x88\x80\x80\x80", "\\ud800", "\xE2\x82"]).Select(text =>
                Encoding.Latin1.GetBytes($"{{\"model\":\"demo\",\"messages\":[{{\"role\":\"user\",\"content\":\"!echo {text}\"}}]}}")),
        ];
        return context.LoopAsync(Clients, client => context.PostAsync(Paths[Random.Shared.Next(3)], bodies[Random.Shared.Next(bodies.Length)], Expected.Any), pauseMs: 5);
    }

    private static Task LongNameAsync(AttackContext context)
    {
        string name = new('n', 7 << 20);
        (string Method, string Path, string Field)[] kinds =
        [
            ("POST", "/v1/chat/completions", "model"), ("POST", "/api/show", "model"), ("POST", "/load_model", "model_name"), ("DELETE", "/api/delete", "model"),
            ("POST", "/api/copy", "source"), ("POST", "/api/chat", "model"),
        ];
        byte[][] sent =
        [
            .. kinds.Select(kind => RawClient.Request(
                kind.Method, kind.Path, Encoding.UTF8.GetBytes($$"""{"{{kind.Field}}":"{{name}}","destination":"{{name}}","messages":[{"role":"user","content":"x"}]}"""))),
        ];
        return context.LoopAsync(Clients, client => context.AskAsync(sent[client % sent.Length], Expected.Refusal));
    }

    private static Task SmallChunksAsync(AttackContext context)
    {
        StringBuilder request = new("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (int i = 0; i < 1_000_000; i++)
            request.Append("1\r\nx\r\n");
        byte[] bytes = Encoding.Latin1.GetBytes(request.Append("0\r\n\r\n").ToString());
        return context.LoopAsync(Clients, _ => context.AskAsync(bytes, Expected.Refusal));
    }
}
