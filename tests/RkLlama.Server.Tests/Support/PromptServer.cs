using System.Net;
using System.Text;
using System.Text.Json;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;

namespace RkLlama.Server.Tests.Support;

/// <summary>A server with the model "m". It records the prompts, and its answers are given by the test. Embeddings have the vector [1].</summary>
internal sealed class PromptServer : IAsyncDisposable
{
    /// <summary>A template that shows roles, contents, calls and tools.</summary>
    internal const string Template =
        "{% for m in messages %}[{{ m.role }}:{{ m.content or '' }}{% for c in m.tool_calls or [] %}({{ c.function.name }} {{ c.function.arguments|tojson }}){% endfor %}]{% endfor %}{% for t in tools or [] %}<tool_call>{{ t.function.name }} {% endfor %}";

    /// <summary>A tokenizer with the tokens a, b and ab, which removes white space at both ends.</summary>
    internal const string StrippingTokenizer = """
        {"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":{"type":"Strip","strip_left":true,"strip_right":true},
         "pre_tokenizer":null,"post_processor":null,"decoder":null,
         "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,
                  "vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}}
        """;

    private readonly List<string> _prompts = [];
    private readonly List<IReadOnlyList<int>> _tokens = [];

    private PromptServer(TestServer server) => Server = server;

    internal TestServer Server { get; private set; }

    internal IReadOnlyList<string> Prompts => _prompts;

    internal IReadOnlyList<IReadOnlyList<int>> Tokens => _tokens;

    /// <param name="tokenizer">The tokenizer.json of the model; null for none.</param>
    /// <param name="tokens">The tokens of each answer.</param>
    internal static async Task<PromptServer> StartAsync(string modelfile = "", string? tokenizer = null, params string[] tokens)
    {
        FakeEngine engine = new();
        TestServer server = await TestServer.StartAsync(engine);
        PromptServer prompts = new(server);
        engine.Run = async run =>
        {
            prompts._prompts.Add(run.Prompt);
            if (run.Tokens is not null)
                prompts._tokens.Add(run.Tokens);
            foreach (string token in tokens)
                await run.SendAsync(token);
            run.Engine.Complete(new(RunEndReason.Stop, tokens.Length, null, null), [1]);
        };
        server.AddModel("m", $"FROM=\"m.rkllm\"\nTEMPLATE=\"{Template}\"\n{modelfile}");
        if (tokenizer is not null)
            await File.WriteAllTextAsync(Path.Combine(server.Models, "m", "tokenizer.json"), tokenizer);
        return prompts;
    }

    /// <summary>Sends a request and returns its answer with the header of ignored fields.</summary>
    internal async Task<(HttpStatusCode Status, string Body, string Ignored)> PostAsync(string path, string body)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, new Uri(Server.Address.GetLeftPart(UriPartial.Authority) + path)) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        using HttpResponseMessage response = await Server.Client.SendAsync(request);
        string ignored = response.Headers.TryGetValues("X-RkLlama-Ignored", out IEnumerable<string>? values) ? string.Join(", ", values) : "";
        return (response.StatusCode, await response.Content.ReadAsStringAsync(), ignored);
    }

    internal static JsonElement Json(string body) => JsonDocument.Parse(body).RootElement;

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
