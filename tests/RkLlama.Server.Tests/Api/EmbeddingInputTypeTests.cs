using System.Net;
using RkLlama.Cli.Tests.Doctor;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Prompts.Tokenizers;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api;

/// <summary>The fields that say whether a text for an embedding is a query or a document, and the keys EMBED_QUERY and EMBED_DOCUMENT.</summary>
public sealed class EmbeddingInputTypeTests : IAsyncDisposable
{
    private const string Keys = "FROM=\"m.rkllm\"\nPOOLING=\"last\"\nEMBED_QUERY=\"Instruct: find\\nQuery: {text}\"\nEMBED_DOCUMENT=\"{text}<|endoftext|>\"\n";
    private readonly List<string> _embedded = [];
    private readonly List<IReadOnlyList<int>> _tokens = [];
    private readonly FakeEngine _engine = new();
    private TestServer? _server;

    public EmbeddingInputTypeTests() => _engine.Run = run =>
    {
        _tokens.Add(run.Tokens!);
        _embedded.Add(Tokenizer.Decode([.. run.Tokens!], skipSpecial: false));
        run.Engine.Complete(new(RunEndReason.Stop, 0, null, null), [1, 0]);
        return Task.CompletedTask;
    };

    private static Tokenizer Tokenizer { get; } = Tokenizer.LoadFile(DemoTokenizer);

    private static string DemoTokenizer => Path.Join(HealthyNode.FindRoot(), "models", "demo", "tokenizer.json");

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }

    [Theory]
    [InlineData(""" "input_type":"query" """, "Instruct: find\nQuery: x")]
    [InlineData(""" "input_type":"search_query" """, "Instruct: find\nQuery: x")]
    [InlineData(""" "prompt_name":"query" """, "Instruct: find\nQuery: x")]
    [InlineData(""" "task":"retrieval.query" """, "Instruct: find\nQuery: x")]
    [InlineData(""" "input_type":"passage" """, "x<|endoftext|>")]
    [InlineData(""" "input_type":"search_document" """, "x<|endoftext|>")]
    [InlineData(""" "prompt_name":"document" """, "x<|endoftext|>")]
    [InlineData(""" "task":"retrieval.passage" """, "x<|endoftext|>")]
    [InlineData(""" "input_type":"clustering" """, "x")]
    [InlineData(""" "input_type":null,"prompt_name":"" """, "x")]
    [InlineData(""" "user":"u" """, "x")]
    public async Task A_text_gets_what_the_model_expects_around_it(string field, string expected)
    {
        await StartAsync(Keys);

        foreach (string path in (string[])["/v1/embeddings", "/api/embed"])
            (await AskAsync(path, $$"""{"model":"m","input":["x","x"],{{field}}}""")).StatusCode.Should().Be(HttpStatusCode.OK);

        (await AskAsync("/api/embeddings", $$"""{"model":"m","prompt":"x",{{field}}}""")).StatusCode.Should().Be(HttpStatusCode.OK);
        _embedded.Should().Equal(expected, expected, expected, expected, expected);
    }

    [Fact]
    public async Task Control_tokens_have_an_effect_in_the_Modelfile_only()
    {
        await StartAsync(Keys);

        await AskAsync("/v1/embeddings", """{"model":"m","input":"a<|endoftext|>b","input_type":"document"}""");

        int end = Tokenizer.AddedTokens.First(static token => token.Content == "<|endoftext|>").Id;
        _tokens.Single().Count(id => id == end).Should().Be(1);
        _tokens.Single()[^1].Should().Be(end);
    }

    [Fact]
    public async Task A_text_that_is_cut_keeps_what_stands_around_it()
    {
        await StartAsync(Keys + "NUM_CTX=64\n");

        await AskAsync("/api/embed", $$"""{"model":"m","input":"{{new string('ä', 200)}}","input_type":"document"}""");
        await AskAsync("/api/embed", $$"""{"model":"m","input":"{{new string('ä', 200)}}","input_type":"query"}""");

        _tokens.Should().OnlyContain(static tokens => tokens.Count == 64);
        _embedded[0].Should().EndWith("<|endoftext|>");
        _embedded[1].Should().StartWith("Instruct: find\nQuery: ä");
    }

    [Fact]
    public async Task Token_ids_stay_as_they_are()
    {
        await StartAsync(Keys);

        await AskAsync("/v1/embeddings", """{"model":"m","input":[120,121],"input_type":"query"}""");

        _tokens.Single().Should().Equal(120, 121);
    }

    [Theory]
    [InlineData(""" "input_type":"question" """, "input_type", "search_query")]
    [InlineData(""" "prompt_name":"Query" """, "prompt_name", "passage")]
    [InlineData(""" "task":"retrieval" """, "task", "retrieval.passage")]
    [InlineData(""" "input_type":"query","task":"retrieval.passage" """, "contradict", "input_type and task")]
    public async Task An_unknown_value_is_refused_with_the_values_that_are_possible(string field, string name, string possible)
    {
        await StartAsync(Keys);

        foreach (string path in (string[])["/v1/embeddings", "/api/embed", "/api/embeddings"])
        {
            using HttpResponseMessage response = await AskAsync(path, $$"""{"model":"m","{{(path == "/api/embeddings" ? "prompt" : "input")}}":"x",{{field}}}""");

            response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
            (await response.Content.ReadAsStringAsync()).Should().Contain(name).And.Contain(possible);
        }

        _embedded.Should().BeEmpty();
    }

    [Fact]
    public async Task A_model_without_the_keys_embeds_the_text_as_it_is_and_names_the_field_as_ignored()
    {
        await StartAsync("FROM=\"m.rkllm\"\nPOOLING=\"last\"\n");

        using HttpResponseMessage response = await AskAsync("/v1/embeddings", """{"model":"m","input":"x","input_type":"query"}""");

        _embedded.Should().Equal("x");
        response.Headers.GetValues("X-RkLlama-Ignored").Should().Equal("input_type");
    }

    private Task<HttpResponseMessage> AskAsync(string path, string body) => _server!.PostAsync(path, body);

    private async Task StartAsync(string modelfile)
    {
        _server = await TestServer.StartAsync(_engine);
        _server.AddModel("m", modelfile);
        File.Copy(DemoTokenizer, Path.Join(_server.Models, "m", "tokenizer.json"));
    }
}
