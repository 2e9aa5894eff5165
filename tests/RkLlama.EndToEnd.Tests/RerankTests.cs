using System.Globalization;
using System.Net;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>
/// Reranking with the published executable and the demo reranking model. Its score depends on the share of the words of the query that occur in the document:
/// 0.98 for all of them, 0.5 for the half, 0.02 for none.
/// </summary>
public sealed class RerankTests
{
    private const string Documents = """["bread from rye", "an npu runs models", "a fast npu", "the fast npu of a board"]""";

    /// <summary>The runtimes that deliver logits.</summary>
    public static TheoryData<string> Runtimes { get; } = [.. TestPaths.Runtimes.Except(["1.1.4"])];

    /// <summary>The same, with a fault that leaves out the end callback of each run, or only of runs whose result is data.</summary>
    public static TheoryData<string, string> RuntimesWithoutFinish
    {
        get
        {
            TheoryData<string, string> cases = [];
            foreach (string runtime in TestPaths.Runtimes.Except(["1.1.4"]))
            {
                cases.Add(runtime, "no_finish");
                cases.Add(runtime, "no_finish:data");
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Runtimes))]
    public async Task Documents_are_sorted_by_their_relevance(string runtime)
    {
        await using Node node = await StartAsync(runtime);

        JsonElement answer = await AskAsync(node, $$"""{"model":"demo-reranker","query":"Fast NPU board","documents":{{Documents}}}""");

        Indexes(answer.GetProperty("results")).Should().Equal(3, 2, 1, 0);
        Scores(answer).Should().BeInDescendingOrder();
        Scores(answer)[0].Should().BeApproximately(0.978, 0.001);
        Scores(answer)[3].Should().BeApproximately(0.022, 0.001);
        answer.GetProperty("results")[0].GetProperty("document").GetProperty("text").GetString().Should().Be("the fast npu of a board");
    }

    [Fact]
    public async Task A_library_without_logits_is_named_in_the_error()
    {
        await using Node node = await StartAsync("1.1.4");

        (HttpStatusCode status, JsonElement answer) = await node.PostJsonAsync("/v1/rerank", $$"""{"model":"demo-reranker","query":"npu","documents":{{Documents}}}""");

        ((int)status).Should().BeGreaterThanOrEqualTo(400);
        answer.GetProperty("error").GetProperty("message").GetString().Should().Contain("1.2");
    }

    [Fact]
    public async Task Top_n_limits_the_results()
    {
        await using Node node = await StartAsync("1.2.3");

        JsonElement answer = await AskAsync(node, $$"""{"model":"demo-reranker","query":"fast npu board","documents":{{Documents}},"top_n":2,"return_documents":false}""");

        Indexes(answer.GetProperty("results")).Should().Equal(3, 2);
        answer.GetProperty("results")[0].TryGetProperty("document", out _).Should().BeFalse();
    }

    [Fact]
    public async Task Open_WebUI_finds_a_score_for_each_of_its_documents()
    {
        await using Node node = await StartAsync("1.2.3");

        // It sends the number of documents as top_n, sorts the results by their index again, and reads one score for each document.
        JsonElement answer = await AskAsync(node, $$"""{"model":"demo-reranker","query":"fast npu board","documents":{{Documents}},"top_n":4}""");
        double[] scores =
        [
            .. answer.GetProperty("results").EnumerateArray()
                .OrderBy(static result => result.GetProperty("index").GetInt32())
                .Select(static result => result.GetProperty("relevance_score").GetDouble()),
        ];

        scores.Should().HaveCount(4).And.BeInAscendingOrder();
    }

    [Fact]
    public async Task Texts_get_the_answer_of_text_embeddings_inference()
    {
        await using Node node = await StartAsync("1.2.3");

        // The client names no model: the reranking model in memory answers.
        await AskAsync(node, """{"model":"demo-reranker","query":"npu","documents":["npu"]}""");
        JsonElement answer = await AskAsync(node, $$"""{"query":"fast npu board","texts":{{Documents}},"return_text":true}""", "/rerank");

        Indexes(answer).Should().Equal(3, 2, 1, 0);
        answer[0].GetProperty("text").GetString().Should().Be("the fast npu of a board");
        answer[0].GetProperty("score").GetDouble().Should().BeApproximately(0.978, 0.001);
    }

    [Fact]
    public async Task A_document_that_is_too_long_is_cut_and_counted()
    {
        await using Node node = await StartAsync("1.2.3");
        string text = string.Concat(Enumerable.Repeat("a long text ", 400)) + "npu";

        JsonElement answer = await AskAsync(node, $$"""{"model":"demo-reranker","query":"npu","documents":["npu", "{{text}}"]}""");

        answer.GetProperty("usage").GetProperty("truncated_documents").GetInt32().Should().Be(1);
        Indexes(answer.GetProperty("results")).Should().Equal(0, 1);
        Scores(answer)[1].Should().BeLessThan(0.1, "the word is in the part that is cut off");
        node.Trace("prompt")[^1].GetProperty("ids").GetArrayLength().Should().Be(512);
    }

    [Fact]
    public async Task A_model_that_is_no_reranker_is_refused_with_the_key_that_it_needs()
    {
        await using Node node = await StartAsync("1.2.3");
        node.CopyDemo("demo");

        (HttpStatusCode status, JsonElement answer) = await node.PostJsonAsync("/v1/rerank", $$"""{"model":"demo","query":"npu","documents":{{Documents}}}""");

        status.Should().Be(HttpStatusCode.BadRequest);
        answer.GetProperty("error").GetProperty("message").GetString().Should().Contain("RERANK=true");
        node.Trace("rkllm_init").Should().BeEmpty("the model is not loaded");
    }

    [Theory]
    [MemberData(nameof(RuntimesWithoutFinish))]
    public async Task A_run_without_an_end_callback_ends_and_has_its_score(string runtime, string fault)
    {
        await using Node node = await StartAsync(runtime, ("RKLLM_SIMULATOR_FAULT", fault));

        JsonElement answer = await AskAsync(node, $$"""{"model":"demo-reranker","query":"fast npu board","documents":{{Documents}}}""");

        Indexes(answer.GetProperty("results")).Should().Equal(3, 2, 1, 0);
    }

    [Fact]
    public async Task The_common_beginning_of_the_prompts_is_processed_once_for_each_request()
    {
        await using Node node = await StartAsync("1.2.3");
        string body = $$"""{"model":"demo-reranker","query":"fast npu board","documents":{{Documents}}}""";

        JsonElement first = await AskAsync(node, body);
        int[] cold = Prefilled(node);
        JsonElement second = await AskAsync(node, body);
        int[] warm = Prefilled(node)[cold.Length..];

        Scores(second).Should().Equal(Scores(first));
        cold.Should().HaveCount(5, "the first run with a cached beginning is repeated without it");
        warm.Should().HaveCount(4);
        warm[0].Should().Be(cold[0], "no cache stays from request to request");
        warm[1..].Should().OnlyContain(tokens => tokens < warm[0] / 2);
    }

    [Theory]
    [InlineData("stale_logits", "the logits of the runtime are wrong")]
    [InlineData("stale_logits:segv", "its worker died while the beginning of a prompt was in the KV cache")]
    public async Task A_runtime_that_cannot_reuse_the_beginning_gets_whole_prompts(string fault, string line)
    {
        await using Node node = await StartAsync("1.2.3", ("RKLLM_SIMULATOR_FAULT", fault));
        string body = $$"""{"model":"demo-reranker","query":"fast npu board","documents":{{Documents}}}""";

        JsonElement first = await AskAsync(node, body);
        int before = Prefilled(node).Length;
        JsonElement second = await AskAsync(node, body);

        Indexes(first.GetProperty("results")).Should().Equal(3, 2, 1, 0);
        Scores(first)[0].Should().BeApproximately(0.978, 0.001);
        Scores(second).Should().Equal(Scores(first));
        Prefilled(node)[before..].Should().HaveCount(4).And.OnlyContain(tokens => tokens > 60, "each prompt is processed from its beginning");
        node.Log.Should().Contain(line);
    }

    [Fact]
    public async Task An_embedding_does_not_use_the_cache_of_an_answer()
    {
        await using Node node = await Node.StartAsync("1.2.3", ["--port", "0", "--models", Path.Combine(TestPaths.Root, "models"), "--cache-sharing", "false"]);
        string text = string.Concat(Enumerable.Repeat("a long text ", 50));
        await node.PostJsonAsync("/v1/completions", $$"""{"model":"demo","prompt":"{{text}}","max_tokens":2}""");

        (HttpStatusCode status, _) = await node.PostJsonAsync("/v1/embeddings", $$"""{"model":"demo","input":"{{text}}"}""");

        status.Should().Be(HttpStatusCode.OK);
        Prefilled(node).Should().HaveCount(2);
        Prefilled(node)[1].Should().BeCloseTo(Prefilled(node)[0], 2, "a part of the hidden states would be missing, and the time would tell what another client has sent");
    }

    [Fact]
    public async Task The_cache_is_cleared_after_each_embedding_because_the_runtime_becomes_slower_otherwise()
    {
        await using Node node = await Node.StartAsync("1.2.3", ["--port", "0", "--models", Path.Combine(TestPaths.Root, "models")]);

        await AskAsync(node, """{"model":"demo-embedding","input":["one","two","three"]}""", "/v1/embeddings");

        node.Trace("rkllm_run").Should().HaveCount(3);
        node.Trace("rkllm_clear_kv_cache").Should().HaveCount(3);
    }

    [Theory]
    [MemberData(nameof(Runtimes))]
    public async Task The_logits_of_earlier_documents_are_freed(string runtime)
    {
        await using Node node = await StartAsync(runtime);
        string text = string.Concat(Enumerable.Repeat("a long text ", 100));
        string many = $$"""{"model":"demo-reranker","query":"npu","documents":[{{string.Join(',', Enumerable.Range(0, 40).Select(i => $"\"{i} {text}\""))}}]}""";
        await AskAsync(node, many);
        long before = ResidentBytes(await node.WorkerAsync());

        // The logits of these documents need 200 MiB: 300 tokens × 4096 entries of the vocabulary × 4 bytes × 40.
        await AskAsync(node, many);

        (ResidentBytes(await node.WorkerAsync()) - before).Should().BeLessThan(64 << 20);
    }

    private static async Task<Node> StartAsync(string runtime, params (string Name, string? Value)[] environment)
    {
        Node node = await Node.StartAsync(runtime, null, environment);
        node.CopyDemo("demo-reranker");
        return node;
    }

    private static async Task<JsonElement> AskAsync(Node node, string body, string path = "/v1/rerank")
    {
        (HttpStatusCode status, JsonElement answer) = await node.PostJsonAsync(path, body);
        status.Should().Be(HttpStatusCode.OK, "{0}\n{1}", answer, node.Log);
        return answer;
    }

    /// <summary>The number of processed prompt tokens of each run.</summary>
    private static int[] Prefilled(Node node) => [.. node.Trace("run_end").Select(static run => run.GetProperty("prefill_tokens").GetInt32())];

    private static int[] Indexes(JsonElement results) => [.. results.EnumerateArray().Select(static result => result.GetProperty("index").GetInt32())];

    private static double[] Scores(JsonElement answer) =>
        [.. answer.GetProperty("results").EnumerateArray().Select(static result => result.GetProperty("relevance_score").GetDouble())];

    private static long ResidentBytes(int process) => long.Parse(
        File.ReadAllLines($"/proc/{process}/status").Single(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(':')[1].Replace("kB", "", StringComparison.Ordinal).Trim(),
        CultureInfo.InvariantCulture) << 10;
}
