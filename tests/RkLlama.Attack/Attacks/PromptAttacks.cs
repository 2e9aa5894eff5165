using System.Text;

namespace RkLlama.Attack.Attacks;

/// <summary>Prompts that cannot fit, and too many inputs.</summary>
internal static class PromptAttacks
{
    private const int Clients = 40;

    // Below the limit of a body, 8 MiB.
    private const int TextBytes = 7 << 20;

    private static readonly string Text = Words(TextBytes);

    internal static IEnumerable<Attack> All =>
    [
        new("7 MiB message, one after the other", context => InTurnAsync(context, "/v1/chat/completions", Chat(Text))),
        new("7 MiB message, 40 clients, /v1/chat", context => AtOnceAsync(context, "/v1/chat/completions", Chat(Text))),
        new("7 MiB message, 40 clients, /v1/completions", context => AtOnceAsync(context, "/v1/completions", $$"""{"model":"demo","prompt":"{{Text}}"}""")),
        new("7 MiB message, 40 clients, /v1/responses", context => AtOnceAsync(context, "/v1/responses", $$"""{"model":"demo","input":"{{Text}}"}""")),
        new("7 MiB message, 40 clients, /generate", context => AtOnceAsync(context, "/generate", $$"""{"messages":[{"role":"user","content":"{{Text}}"}]}""")),
        new("7 MiB message, 40 clients, /api/chat", context => AtOnceAsync(context, "/api/chat", Chat(Text))),
        new("7 MiB message, 40 clients, /api/generate", context => AtOnceAsync(context, "/api/generate", $$"""{"model":"demo","prompt":"{{Text}}"}""")),
        new("7 MiB that the answer repeats, 40 clients", context => AtOnceAsync(context, "/v1/responses", $$$"""{"model":"demo","input":"!echo a","metadata":{"a":"{{{Text}}}"}}""")),
        new("7 MiB of short letters and emoji", context => AtOnceAsync(context, "/v1/chat/completions", Chat(string.Concat(Enumerable.Repeat("é😀", TextBytes / 6))))),
        new("100,000 messages in a request", context => ManyMessagesAsync(context, 100_000)),
        new("many response items", ManyItemsAsync),
        new("10,000 tools in a request", ManyToolsAsync),
        new("100,000 stop sequences, 300,000 biases", ManyOptionsAsync),
        new("embeddings: one text of 7 MiB", context => AtOnceAsync(context, "/v1/embeddings", $$"""{"model":"demo","input":"{{Text}}"}""")),
        new("embeddings: 100,000 inputs", context => EmbedAsync(context, "/v1/embeddings", 100_000, Expected.Refusal)),
        new("embeddings: 100,000 inputs, /api/embed", context => EmbedAsync(context, "/api/embed", 100_000, Expected.Refusal)),
        new("embeddings: 2,048 inputs", context => EmbedAsync(context, "/v1/embeddings", 2048, Expected.Any)) { UsesRuntime = true },
    ];

    /// <summary>Repeats words that are not all in the vocabulary, so that the tokenizer has work.</summary>
    private static string Words(int bytes)
    {
        string[] words = ["the ", "quick ", "brown ", "foxes ", "jumped ", "xyzzy ", "state ", "of ", "people ", "0123456789 ", "because ", "never "];
        Random random = new(1);
        StringBuilder text = new(bytes + 16);
        while (text.Length < bytes)
            text.Append(words[random.Next(words.Length)]);
        return text.ToString();
    }

    private static string Chat(string content) => $$"""{"model":"demo","messages":[{"role":"user","content":"{{content}}"}]}""";

    private static Task InTurnAsync(AttackContext context, string path, string body)
    {
        byte[] request = RawClient.Request("POST", path, Encoding.UTF8.GetBytes(body));
        return context.LoopAsync(1, _ => context.AskAsync(request, Expected.Refusal));
    }

    private static Task AtOnceAsync(AttackContext context, string path, string body)
    {
        byte[] request = RawClient.Request("POST", path, Encoding.UTF8.GetBytes(body));
        return context.LoopAsync(Clients, _ => context.AskAsync(request, Expected.Refusal));
    }

    private static Task ManyMessagesAsync(AttackContext context, int count)
    {
        string messages = string.Join(',', Enumerable.Repeat("""{"role":"user","content":"a"},{"role":"assistant","content":"b"}""", count / 2));
        string body = $$"""{"model":"demo","messages":[{{messages}}]}""";
        byte[][] requests = [.. ((string[])["/v1/chat/completions", "/api/chat", "/generate"]).Select(path => RawClient.Request("POST", path, Encoding.UTF8.GetBytes(body)))];
        return context.LoopAsync(8, client => context.AskAsync(requests[client % requests.Length], Expected.Refusal));
    }

    private static Task ManyItemsAsync(AttackContext context)
    {
        string[] items = ["""{"type":"function_call","name":"a"}""", """{"type":"reasoning","content":[{"type":"reasoning_text","text":"hm"}]}"""];
        byte[][] requests = [.. items.Select(item => RawClient.Request(
            "POST", "/v1/responses", Encoding.UTF8.GetBytes($$"""{"model":"demo","input":[{"role":"user","content":"a"},{{string.Join(',', Enumerable.Repeat(item, 40_000))}}]}""")))];
        return context.LoopAsync(8, client => context.AskAsync(requests[client % requests.Length], Expected.Any));
    }

    private static Task ManyToolsAsync(AttackContext context)
    {
        string tools = string.Join(',', Enumerable.Range(0, 10_000).Select(number =>
            $$$"""{"type":"function","function":{"name":"tool_{{{number}}}","description":"Does something","parameters":{"type":"object","properties":{"a":{"enum":[1,2,3] } } } } }"""));
        string body = $$"""{"model":"demo","messages":[{"role":"user","content":"Hello"}],"tools":[{{tools}}]}""";
        byte[][] requests = [.. ((string[])["/v1/chat/completions", "/api/chat"]).Select(path => RawClient.Request("POST", path, Encoding.UTF8.GetBytes(body)))];
        return context.LoopAsync(12, client => context.AskAsync(requests[client % requests.Length], Expected.Refusal));
    }

    private static Task ManyOptionsAsync(AttackContext context)
    {
        string stops = string.Join(',', Enumerable.Range(0, 100_000).Select(number => $"\"stop {number}\""));
        string biases = string.Join(',', Enumerable.Range(0, 300_000).Select(number => $"\"{number}\":1"));
        string chat = "\"model\":\"demo\",\"messages\":[{\"role\":\"user\",\"content\":\"!echo hello\"}]";
        byte[][] bodies = [.. ((string[])[$"{{{chat},\"stop\":[{stops}]}}", $"{{{chat},\"logit_bias\":{{{biases}}}}}", $"{{{chat},\"metadata\":{{{biases}}}}}"]).Select(Encoding.UTF8.GetBytes)];
        return context.LoopAsync(12, client => context.PostAsync("/v1/chat/completions", bodies[client % bodies.Length], Expected.Any));
    }

    private static Task EmbedAsync(AttackContext context, string path, int count, Expected expected)
    {
        string body = $$"""{"model":"demo","input":[{{string.Join(',', Enumerable.Repeat("\"a b\"", count))}}]}""";
        byte[] request = RawClient.Request("POST", path, Encoding.UTF8.GetBytes(body));
        return context.LoopAsync(2, _ => context.AskAsync(request, expected));
    }
}
