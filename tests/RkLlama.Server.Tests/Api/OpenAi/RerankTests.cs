using System.Net;
using System.Text.Json;
using RkLlama.Cli.Tests.Doctor;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.OpenAi;

/// <summary>Reranking. The engine says that longer prompts are more relevant.</summary>
public sealed class RerankTests : IAsyncDisposable
{
    // The vocabulary of the demo model has no tokens "yes" and "no".
    private const string Reranker = "FROM=\"m.rkllm\"\nRERANK=true\nRERANK_YES=\"y\"\nRERANK_NO=\"n\"\n";
    private const string Documents = """ "model":"m","query":"What?","documents":["A long document: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12.",{"text":"short"},"a medium document"] """;

    private readonly FakeEngine _engine = new()
    {
        Run = static run =>
        {
            run.Engine.Complete(new(RunEndReason.Stop, 0, null, null), [run.Tokens!.Count / 100f, 0]);
            return Task.CompletedTask;
        },
    };

    private TestServer? _server;

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }

    [Theory]
    [InlineData("/v1/rerank")]
    [InlineData("/v2/rerank")]
    [InlineData("/v1/reranking")]
    [InlineData("/rerank")]
    [InlineData("/reranking")]
    public async Task The_best_documents_come_first_with_their_places_and_scores(string path)
    {
        JsonElement answer = await AskAsync($$"""{{{Documents}}}""", path);

        Indexes(answer).Should().Equal(0, 2, 1);
        JsonElement first = answer.GetProperty("results")[0];
        first.GetProperty("relevance_score").GetDouble().Should().BeInRange(0.5, 1);
        first.GetProperty("document").GetProperty("text").GetString().Should().Be("A long document: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12.");
        (answer.GetProperty("object").GetString(), answer.GetProperty("model").GetString()).Should().Be(("list", "m"));
        answer.GetProperty("usage").GetProperty("prompt_tokens").GetInt32().Should().Be(answer.GetProperty("usage").GetProperty("total_tokens").GetInt32()).And.BePositive();
        answer.GetProperty("meta").GetProperty("billed_units").GetProperty("search_units").GetInt32().Should().Be(1);
    }

    [Fact]
    public async Task The_score_is_the_probability_of_yes_against_no()
    {
        _engine.Run = static run =>
        {
            run.Engine.Complete(new(RunEndReason.Stop, 0, null, null), [3, 1]);
            return Task.CompletedTask;
        };

        JsonElement answer = await AskAsync("""{"model":"m","query":"q","documents":["d"]}""");

        answer.GetProperty("results")[0].GetProperty("relevance_score").GetDouble().Should().BeApproximately(Math.Exp(3) / (Math.Exp(3) + Math.Exp(1)), 1e-9);
    }

    [Fact]
    public async Task Fewer_results_and_no_documents_are_possible()
    {
        JsonElement answer = await AskAsync($$"""{{{Documents}},"top_n":2,"return_documents":false}""");

        Indexes(answer).Should().Equal(0, 2);
        answer.GetProperty("results")[0].TryGetProperty("document", out _).Should().BeFalse();
    }

    [Fact]
    public async Task A_document_that_is_too_long_is_cut_and_counted()
    {
        List<int> lengths = [];
        _engine.Run = run =>
        {
            lengths.Add(run.Tokens!.Count);
            run.Engine.Complete(new(RunEndReason.Stop, 0, null, null), [0, 0]);
            return Task.CompletedTask;
        };

        JsonElement answer = await AskAsync($$"""{"model":"m","query":"q","documents":["{{new string('x', 5000)}}","short"]}""");

        lengths.Should().HaveCount(2);
        lengths[0].Should().Be(512);
        lengths[1].Should().BeLessThan(512);
        answer.GetProperty("usage").GetProperty("truncated_documents").GetInt32().Should().Be(1);
    }

    [Fact]
    public async Task The_limit_of_a_request_is_that_of_the_document_without_the_query()
    {
        List<int> lengths = [];
        _engine.Run = run =>
        {
            lengths.Add(run.Tokens!.Count);
            run.Engine.Complete(new(RunEndReason.Stop, 0, null, null), [0, 0]);
            return Task.CompletedTask;
        };
        string text = string.Concat(Enumerable.Range(0, 60).Select(static i => $" {i % 10}"));

        JsonElement answer = await AskAsync($$"""{"model":"m","query":"q","documents":["","{{text}}"],"max_tokens_per_doc":20}""");

        (lengths[1] - lengths[0]).Should().Be(20, "the query and the template do not count");
        answer.GetProperty("usage").GetProperty("truncated_documents").GetInt32().Should().Be(1);
    }

    [Fact]
    public async Task A_query_that_is_too_long_is_refused_with_the_limit_and_where_it_comes_from()
    {
        await StartAsync();

        (HttpStatusCode status, JsonElement answer) = await _server!.PostJsonAsync("/v1/rerank", $$"""{"model":"m","query":"{{new string('x', 3000)}}","documents":["d"]}""");

        status.Should().Be(HttpStatusCode.BadRequest);
        answer.GetProperty("error").GetProperty("message").GetString().Should().Contain("query").And.Contain("512 (the default; RERANK_TOKENS in the Modelfile changes it)");
        (answer.GetProperty("error").GetProperty("param").GetString(), answer.GetProperty("error").GetProperty("code").GetString()).Should().Be(("query", "context_length_exceeded"));
    }

    [Fact]
    public async Task Without_a_name_the_reranking_model_in_memory_answers_else_the_only_one_of_the_node()
    {
        await StartAsync();
        const string Body = """{"query":"q","documents":["d"]}""";

        JsonElement only = (await _server!.PostJsonAsync("/v1/rerank", Body)).Body;
        _server.AddModel("n", Reranker);
        JsonElement loaded = (await _server.PostJsonAsync("/v1/rerank", Body)).Body;
        (await _server.PostAsync("/api/generate", """{"model":"m","keep_alive":0}""")).Dispose();
        (HttpStatusCode status, JsonElement several) = await _server.PostJsonAsync("/v1/rerank", Body);

        (only.GetProperty("model").GetString(), loaded.GetProperty("model").GetString()).Should().Be(("m", "m"));
        status.Should().Be(HttpStatusCode.BadRequest);
        several.GetProperty("error").GetProperty("message").GetString().Should().Contain("name one of m, n");
    }

    [Fact]
    public async Task Without_a_reranking_model_on_the_node_the_error_names_the_setting()
    {
        await StartAsync("FROM=\"m.rkllm\"\n");

        (HttpStatusCode status, JsonElement answer) = await _server!.PostJsonAsync("/v1/rerank", """{"query":"q","documents":["d"]}""");

        status.Should().Be(HttpStatusCode.BadRequest);
        answer.GetProperty("error").GetProperty("message").GetString().Should().Contain("RERANK=true");
    }

    [Fact]
    public async Task Its_only_capability_is_rerank()
    {
        await StartAsync();

        JsonElement shown = (await _server!.PostJsonAsync("/api/show", """{"model":"m"}""")).Body;

        shown.GetProperty("capabilities").GetRawText().Should().Be("""["rerank"]""");
    }

    [Fact]
    public async Task Control_tokens_in_a_document_have_no_effect()
    {
        List<IReadOnlyList<int>> prompts = [];
        _engine.Run = run =>
        {
            prompts.Add(run.Tokens!);
            run.Engine.Complete(new(RunEndReason.Stop, 0, null, null), [0, 0]);
            return Task.CompletedTask;
        };

        await AskAsync("""{"model":"m","query":"q","documents":["plain","<|im_end|>"]}""");

        int end = ControlToken("<|im_end|>");
        prompts[0].Count(id => id == end).Should().Be(prompts[1].Count(id => id == end)).And.BePositive();
    }

    [Theory]
    [InlineData("""{"model":"m","documents":["d"]}""", "query")]
    [InlineData("""{"model":"m","query":" ","documents":["d"]}""", "query")]
    [InlineData("""{"model":"m","query":"q"}""", "documents")]
    [InlineData("""{"model":"m","query":"q","documents":[]}""", "documents")]
    [InlineData("""{"model":"m","query":"q","documents":[1]}""", "documents[0]")]
    [InlineData("""{"model":"m","query":"q","documents":["d"],"top_n":0}""", "top_n")]
    [InlineData("""{"model":"m","query":"q","documents":"d"}""", "documents must be an array of texts.")]
    [InlineData("""{"model":"m","query":"q","documents":["d"],"texts":["d"]}""", "documents and texts exclude each other")]
    [InlineData("""{"model":"m","query":"q","documents":["d"],"max_tokens_per_doc":0}""", "max_tokens_per_doc")]
    public async Task A_wrong_request_is_refused_with_the_name_of_the_field(string body, string field)
    {
        await StartAsync();

        (HttpStatusCode status, JsonElement answer) = await _server!.PostJsonAsync("/v1/rerank", body);

        status.Should().Be(HttpStatusCode.BadRequest);
        answer.GetProperty("error").GetProperty("message").GetString().Should().Contain(field);
    }

    [Fact]
    public async Task A_model_that_is_not_for_reranking_is_refused_with_the_setting_that_it_needs()
    {
        await StartAsync("FROM=\"m.rkllm\"\n");

        (HttpStatusCode status, JsonElement answer) = await _server!.PostJsonAsync("/v1/rerank", """{"model":"m","query":"q","documents":["d"]}""");

        status.Should().Be(HttpStatusCode.BadRequest);
        answer.GetProperty("error").GetProperty("message").GetString().Should().Contain("RERANK=true");
    }

    [Fact]
    public async Task A_runtime_without_logits_is_refused_before_a_load()
    {
        Func<ModelLoadParameters, CancellationToken, Task<IEngineSession>> load = _engine.Load;
        _engine.Load = async (model, cancellationToken) =>
        {
            FakeSession session = (FakeSession)await load(model, cancellationToken);
            session.RuntimeVersion = "1.1.4";
            return session;
        };
        await StartAsync();
        _server!.AddModel("chat", "FROM=\"m.rkllm\"\n");
        await _server.PostJsonAsync("/load_model", """{"model_name":"chat"}""");

        (HttpStatusCode status, JsonElement answer) = await _server.PostJsonAsync("/v1/rerank", """{"model":"m","query":"q","documents":["d"]}""");

        status.Should().Be(HttpStatusCode.BadRequest);
        answer.GetProperty("error").GetProperty("message").GetString().Should().Contain("1.2.0").And.Contain("1.1.4");
        _engine.Sessions.Should().ContainSingle();
    }

    private static int ControlToken(string text)
    {
        using JsonDocument tokenizer = JsonDocument.Parse(File.ReadAllText(DemoTokenizer));
        return tokenizer.RootElement.GetProperty("added_tokens").EnumerateArray().First(token => token.GetProperty("content").GetString() == text).GetProperty("id").GetInt32();
    }

    private static string DemoTokenizer => Path.Join(HealthyNode.FindRoot(), "models", "demo", "tokenizer.json");

    private static IEnumerable<int> Indexes(JsonElement answer) => answer.GetProperty("results").EnumerateArray().Select(static result => result.GetProperty("index").GetInt32());

    private async Task<JsonElement> AskAsync(string body, string path = "/v1/rerank")
    {
        await StartAsync();
        (HttpStatusCode status, JsonElement answer) = await _server!.PostJsonAsync(path, body);
        status.Should().Be(HttpStatusCode.OK, "{0}", answer);
        return answer;
    }

    private async Task StartAsync(string modelfile = Reranker)
    {
        _server = await TestServer.StartAsync(_engine);
        _server.AddModel("m", modelfile);
        File.Copy(DemoTokenizer, Path.Join(_server.Models, "m", "tokenizer.json"));
    }
}
