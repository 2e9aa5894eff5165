using System.Net;
using System.Text;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>The published executable needs no library except glibc: no libssl, no zlib, no ICU.</summary>
public sealed class BareRootTests
{
    private const string Question = """{"messages":[{"role":"user","content":"!echo bare"}]}""";

    // Each request with a part of its answer.
    private static readonly (string Path, string? Body, string Answer)[] Requests =
    [
        ("/", null, "Welcome to RKLLama !"),
        ("/models", null, """["demo","demo-embedding"]"""),
        ("/current_model", null, "No models are currently loaded."),
        ("/load_model", """{"model_name":"demo"}""", "Model demo loaded successfully."),
        ("/current_model", null, "\"demo\""),
        ("/generate", Question, "\"bare\""),
        ("/generate", Node.Chat("!echo bare", stream: true), "\"finish_reason\":\"stop\""),
        ("/unload_model", "", "Model unloaded successfully."),
        ("/v1/models", null, "\"demo-embedding\""),
        ("/v1/chat/completions", """{"model":"demo","messages":[{"role":"user","content":"!echo bare"}]}""", "\"bare\""),
        ("/v1/chat/completions", """{"model":"demo","messages":[{"role":"user","content":"!echo bare"}],"stream":true}""", "data: [DONE]"),
        ("/v1/embeddings", """{"model":"demo-embedding","input":"one text"}""", "\"embedding\":["),
        ("/api/tags", null, "\"digest\":"),
        ("/api/show", """{"model":"demo"}""", "\"capabilities\":"),
        ("/api/chat", """{"model":"demo","messages":[{"role":"user","content":"!echo bare"}]}""", "\"done\":true"),
        ("/api/embed", """{"model":"demo-embedding","input":"one text"}""", "\"embeddings\":[["),
        ("/metrics", null, "rkllama_requests_total{"),
        ("/health", null, "\"queue\":"),
    ];

    [BareRootFact]
    public async Task Both_APIs_the_guide_and_the_metrics_work_with_glibc_alone()
    {
        await using Node node = await BareRoot.StartAsync("1.2.3", "demo", "demo-embedding");

        foreach ((string path, string? body, string answer) in Requests)
            (await AskAsync(node, path, body)).Should().Contain(answer, "that is the answer of {0}\n{1}", path, node.Log);

        node.Signal("TERM");
        (await node.WaitForExitAsync()).Should().Be(0, node.Log);
    }

    [BareRootFact]
    public async Task Without_OpenSSL_a_download_is_refused_in_one_sentence_and_the_server_goes_on()
    {
        await using Node node = await BareRoot.StartAsync("1.2.3", "demo");

        (HttpStatusCode pull, JsonElement error) = await node.PostJsonAsync("/api/pull", """{"model":"Qwen/Qwen2-0.5B","stream":false}""");
        using HttpResponseMessage old = await node.Client.PostAsync(new Uri("/pull", UriKind.Relative), new StringContent("""{"model":"Qwen/Qwen2-0.5B/x.rkllm","model_name":"x"}"""));

        pull.Should().Be(HttpStatusCode.InternalServerError);
        error.GetProperty("error").GetString().Should().StartWith("https needs OpenSSL").And.Contain("apt-get install");
        (await old.Content.ReadAsStringAsync()).Should().Contain("https needs OpenSSL");
        (await AskAsync(node, "/load_model", """{"model_name":"demo"}""")).Should().Contain("loaded successfully");
        (await AskAsync(node, "/generate", Question)).Should().Contain("\"bare\"");
    }

    private static async Task<string> AskAsync(Node node, string path, string? body)
    {
        Uri uri = new(path, UriKind.Relative);
        using HttpResponseMessage response = body is null ? await node.Client.GetAsync(uri) : await node.Client.PostAsync(uri, new StringContent(body, Encoding.UTF8, "application/json"));
        string answer = await response.Content.ReadAsStringAsync();
        response.StatusCode.Should().Be(answer.Contains("No models are currently loaded.") ? HttpStatusCode.NotFound : HttpStatusCode.OK, "{0}: {1}", path, answer);
        return answer;
    }
}
