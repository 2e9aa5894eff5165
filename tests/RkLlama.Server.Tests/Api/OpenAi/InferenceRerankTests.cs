using System.Net;
using System.Text.Json;
using RkLlama.Cli.Tests.Doctor;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.OpenAi;

/// <summary>Reranking in the form of Text Embeddings Inference: texts, an array as the answer, and its errors. The engine says that longer prompts are more relevant.</summary>
public sealed class InferenceRerankTests : IAsyncLifetime
{
    private readonly FakeEngine _engine = new()
    {
        Run = static run =>
        {
            run.Engine.Complete(new(RunEndReason.Stop, 0, null, null), [run.Tokens!.Count / 100f, 0]);
            return Task.CompletedTask;
        },
    };

    private TestServer _server = null!;

    public async Task InitializeAsync()
    {
        _server = await TestServer.StartAsync(_engine);

        // The vocabulary of the demo model has no tokens "yes" and "no".
        _server.AddModel("m", "FROM=\"m.rkllm\"\nRERANK=true\nRERANK_YES=\"y\"\nRERANK_NO=\"n\"\n");
        File.Copy(Path.Join(HealthyNode.FindRoot(), "models", "demo", "tokenizer.json"), Path.Join(_server.Models, "m", "tokenizer.json"));
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Texts_are_answered_with_an_array_of_ranks()
    {
        (HttpStatusCode status, JsonElement answer) = await AskAsync("""{"query":"q","texts":["a","a longer text"],"return_text":true}""");

        status.Should().Be(HttpStatusCode.OK);
        answer.EnumerateArray().Select(static rank => rank.GetProperty("index").GetInt32()).Should().Equal(1, 0);
        answer[0].GetProperty("score").GetDouble().Should().BeInRange(0.5, 1);
        answer[0].GetProperty("text").GetString().Should().Be("a longer text");
    }

    [Fact]
    public async Task Raw_scores_have_no_range()
    {
        _engine.Run = static run =>
        {
            run.Engine.Complete(new(RunEndReason.Stop, 0, null, null), [5, 1.5f]);
            return Task.CompletedTask;
        };

        (_, JsonElement answer) = await AskAsync("""{"query":"q","texts":["a"],"raw_scores":true}""");

        answer[0].GetProperty("score").GetDouble().Should().Be(3.5);
        answer[0].TryGetProperty("text", out _).Should().BeFalse();
    }

    [Fact]
    public async Task A_text_that_is_too_long_is_an_error_before_the_first_run_if_it_may_not_be_cut()
    {
        int runs = 0;
        Func<FakeRun, Task> run = _engine.Run;
        _engine.Run = one =>
        {
            runs++;
            return run(one);
        };
        string body = $$"""{"query":"q","texts":["short","{{new string('x', 5000)}}"],"truncate":TRUNCATE}""";

        (HttpStatusCode refused, JsonElement error) = await AskAsync(body.Replace("TRUNCATE", "false", StringComparison.Ordinal));
        int before = runs;
        (HttpStatusCode cut, JsonElement answer) = await AskAsync(body.Replace("TRUNCATE", "true", StringComparison.Ordinal));

        (refused, before).Should().Be((HttpStatusCode.RequestEntityTooLarge, 0));
        error.GetProperty("error_type").GetString().Should().Be("Validation");
        error.GetProperty("error").GetString().Should().Contain("texts[1]").And.Contain("512").And.Contain("truncate");
        (cut, answer.GetArrayLength()).Should().Be((HttpStatusCode.OK, 2));
    }

    [Theory]
    [InlineData("""{"query":"q","texts":[]}""", 400, "Empty", "texts")]
    [InlineData("""{"texts":["a"]}""", 413, "Validation", "query")]
    [InlineData("""{"query":"q","texts":"a"}""", 413, "Validation", "texts must be an array of texts.")]
    [InlineData("""{"query":"q","texts":["a",1]}""", 413, "Validation", "texts[1] must be a text.")]
    [InlineData("""{"query":"q","texts":["a"],"truncate":1}""", 413, "Validation", "truncate")]
    [InlineData("""{"model":"other","query":"q","texts":["a"]}""", 404, "Validation", "other")]
    public async Task A_wrong_request_is_refused_in_the_form_of_this_server(string body, int expected, string type, string text)
    {
        (HttpStatusCode status, JsonElement error) = await AskAsync(body);

        ((int)status).Should().Be(expected);
        error.EnumerateObject().Select(static field => field.Name).Should().Equal("error", "error_type");
        error.GetProperty("error_type").GetString().Should().Be(type);
        error.GetProperty("error").GetString().Should().Contain(text);
    }

    [Fact]
    public async Task A_failed_run_is_an_error_of_the_backend()
    {
        _engine.Run = static run =>
        {
            run.Engine.Complete(new(RunEndReason.Error, 0, null, "matmul failed"), death: WorkerDeath.Crash);
            return Task.CompletedTask;
        };

        (HttpStatusCode status, JsonElement error) = await AskAsync("""{"query":"q","texts":["a"]}""");

        status.Should().Be(HttpStatusCode.FailedDependency);
        (error.GetProperty("error_type").GetString(), error.GetProperty("error").GetString()).Should().Match<(string? Type, string? Text)>(
            static pair => pair.Type == "Backend" && pair.Text!.Contains("matmul failed"));
    }

    private Task<(HttpStatusCode Status, JsonElement Body)> AskAsync(string body) => _server.PostJsonAsync("/rerank", body);
}
