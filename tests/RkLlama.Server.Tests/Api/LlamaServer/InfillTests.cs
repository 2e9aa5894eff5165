using System.Net;
using System.Text.Json;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Api.LlamaServer.Infill;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.LlamaServer;

/// <summary><c>POST /infill</c>, <c>GET /props</c> and <c>GET /slots</c>, as llama-server has them.</summary>
public sealed class InfillTests : IDisposable
{
    // The ids of the letters are 0 and 1, those of the control tokens 2 to 4.
    private const string Tokenizer = """
        {"added_tokens": [{"id": 2, "content": "<|fim_prefix|>", "special": true}, {"id": 3, "content": "<|fim_suffix|>", "special": true}, {"id": 4, "content": "<|fim_middle|>", "special": true}],
         "model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}}
        """;

    private readonly HeldRuns _held = new();

    public void Dispose() => _held.Dispose();

    [Theory]
    [InlineData("""{"input_prefix":"a","input_suffix":"b"}""", new[] { 2, 0, 3, 1, 4 })]
    [InlineData("""{"input_prefix":"a","input_suffix":"","prompt":"b"}""", new[] { 2, 0, 1, 3, 4 })]
    [InlineData("""{"input_prefix":"","input_suffix":"b","n_predict":-1,"t_max_predict_ms":500}""", new[] { 2, 3, 1, 4 })]
    public async Task The_prompt_marks_the_gap(string body, int[] prompt)
    {
        FakeEngine engine = new();
        await using TestServer server = await StartAsync(engine);
        IReadOnlyList<int>? tokens = null;
        Func<FakeRun, Task> run = engine.Run;
        engine.Run = started =>
        {
            tokens = started.Tokens;
            return run(started);
        };

        (HttpStatusCode status, JsonElement reply) = await server.PostJsonAsync("/infill", "{\"model\":\"m\"," + body[1..]);

        status.Should().Be(HttpStatusCode.OK, "{0}", reply);
        tokens.Should().Equal(prompt);
        reply.GetProperty("content").GetString().Should().Be("Hello, world");
        reply.GetProperty("stop").GetBoolean().Should().BeTrue();
        reply.GetProperty("stop_type").GetString().Should().Be("eos");
        reply.GetProperty("tokens_predicted").GetInt32().Should().Be(3);
        reply.GetProperty("tokens_evaluated").GetInt32().Should().Be(prompt.Length);
        reply.GetProperty("timings").GetProperty("predicted_n").GetInt32().Should().Be(3);
    }

    [Theory]
    [InlineData(""","n_predict":2""", "Hello,", "limit", "")]
    [InlineData(""","stop":[", w"]""", "Hello", "word", ", w")]
    [InlineData(""","n_predict":0""", "", "limit", "")]
    public async Task The_end_of_the_output_is_told(string fields, string content, string type, string word)
    {
        await using TestServer server = await StartAsync(new());

        (_, JsonElement reply) = await server.PostJsonAsync("/infill", $$"""{"model":"m","input_prefix":"a","input_suffix":"b"{{fields}}}""");

        reply.GetProperty("content").GetString().Should().Be(content);
        reply.GetProperty("stop_type").GetString().Should().Be(type);
        reply.GetProperty("stopping_word").GetString().Should().Be(word);
    }

    [Fact]
    public async Task A_stream_ends_with_the_event_that_says_stop()
    {
        await using TestServer server = await StartAsync(new());

        using HttpResponseMessage response = await server.PostAsync("/infill", """{"model":"m","input_prefix":"a","input_suffix":"b","stream":true}""");

        JsonElement[] events = [.. (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(static item => JsonDocument.Parse(item["data: ".Length..]).RootElement)];
        string.Concat(events.Select(static item => item.GetProperty("content").GetString())).Should().Be("Hello, world");
        events.Select(static item => item.GetProperty("stop").GetBoolean()).Should().Equal(false, false, false, true);
        events[^1].GetProperty("stop_type").GetString().Should().Be("eos");
    }

    [Theory]
    [InlineData("""{"input_suffix":"b"}""", "input_prefix is missing: send the text before the gap.")]
    [InlineData("""{"input_prefix":"b"}""", "input_suffix is missing: send the text after the gap.")]
    [InlineData("""{"input_prefix":"b","input_suffix":"","input_extra":[{"filename":"x"}]}""", "input_extra[0].text is missing.")]
    public async Task A_missing_field_is_named(string body, string message)
    {
        await using TestServer server = await StartAsync(new());

        (HttpStatusCode status, JsonElement reply) = await server.PostJsonAsync("/infill", body);

        status.Should().Be(HttpStatusCode.BadRequest);
        reply.GetProperty("error").GetProperty("message").GetString().Should().Be(message);
    }

    [Fact]
    public void Pieces_of_other_files_stand_before_the_gap()
    {
        InfillRequest request = InfillRequest.From(JsonDocument.Parse(
            """{"input_extra":[{"filename":"one.py","text":"x = 1"},{"text":"y = 2"}],"input_prefix":"z = ","input_suffix":"\n"}""").RootElement);

        request.Before.Should().Be("\n\n--- snippet ---\n\none.py\nx = 1\n\n--- snippet ---\n\ny = 2\n\nz = ");
    }

    [Fact]
    public async Task Properties_and_slots_describe_the_model_in_memory()
    {
        await using TestServer server = await StartAsync(_held.Engine);

        (HttpStatusCode none, _) = await server.GetJsonAsync("/props");
        (_, JsonElement named) = await server.GetJsonAsync("/props?model=m");
        (_, JsonElement empty) = await server.GetJsonAsync("/slots");
        (HttpStatusCode noSlot, JsonElement error) = await server.GetJsonAsync("/slots?fail_on_no_slot=1");
        Task<(HttpStatusCode Status, JsonElement Body)> running = server.PostJsonAsync("/infill", """{"model":"m","input_prefix":"a","input_suffix":"b"}""");
        FakeRun run = await _held.NextAsync();
        (_, JsonElement busy) = await server.GetJsonAsync("/slots");
        run.End(RunEndReason.Stop);
        await running;
        (_, JsonElement props) = await server.GetJsonAsync("/props");

        none.Should().Be(HttpStatusCode.BadRequest);
        named.GetProperty("model_alias").GetString().Should().Be("m");
        named.GetProperty("model_path").GetString().Should().Be("m.rkllm");
        empty.GetRawText().Should().Be("[]");
        noSlot.Should().Be(HttpStatusCode.ServiceUnavailable);
        error.GetProperty("error").GetProperty("type").GetString().Should().Be("unavailable_error");
        busy.GetRawText().Should().Be("""[{"id":0,"model":"m","n_ctx":2048,"speculative":false,"is_processing":true}]""");
        props.GetProperty("default_generation_settings").GetProperty("n_ctx").GetInt32().Should().Be(2048);
        props.GetProperty("total_slots").GetInt32().Should().Be(1);
        props.GetProperty("chat_template").GetString().Should().NotBeEmpty();
    }

    private static async Task<TestServer> StartAsync(FakeEngine engine)
    {
        TestServer server = await TestServer.StartAsync(engine);
        server.AddModel("m", "FROM=\"m.rkllm\"\nNUM_CTX=2048\n");
        await File.WriteAllTextAsync(Path.Combine(server.Models, "m", "tokenizer.json"), Tokenizer);
        return server;
    }
}
