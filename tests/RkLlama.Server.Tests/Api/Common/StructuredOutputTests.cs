using System.Net;
using System.Text.Json;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.Common;

/// <summary>Answers in JSON: the prompt asks for the format, the answer is repaired and validated, and requested once more if it is invalid.</summary>
public sealed class StructuredOutputTests
{
    private const string Schema = """{"type":"object","properties":{"age":{"type":"integer"}},"required":["age"]}""";

    private readonly List<string> _prompts = [];

    [Fact]
    public async Task The_format_is_part_of_the_prompt_and_malformed_json_is_repaired()
    {
        await using TestServer server = await StartAsync("""Sure: {'age': 3,}""");

        JsonElement body = await ChatAsync(server, Strict, HttpStatusCode.OK);

        ContentOf(body).Should().Be("""{"age":3}""");
        _prompts.Should().ContainSingle().Which.Should().Contain("How old?\n\nAnswer with JSON").And.Contain(Schema);
    }

    [Fact]
    public async Task An_answer_that_violates_the_schema_is_requested_once_more_and_both_are_counted()
    {
        await using TestServer server = await StartAsync("""{"age":"old"}""", """{"age":4}""");

        JsonElement body = await ChatAsync(server, Strict, HttpStatusCode.OK);

        ContentOf(body).Should().Be("""{"age":4}""");
        body.GetProperty("usage").GetProperty("completion_tokens").GetInt32().Should().Be(2);
        _prompts.Should().HaveCount(2);
        _prompts[1].Should().Contain("""{"age":"old"}""").And.Contain("/age must be integer, but is string");
    }

    [Fact]
    public async Task A_strict_schema_that_still_fails_is_an_error_and_not_bad_json()
    {
        await using TestServer server = await StartAsync("""{"age":"old"}""", """{"age":"older"}""", """{"age":5}""");

        JsonElement body = await ChatAsync(server, Strict, HttpStatusCode.UnprocessableEntity);

        body.GetProperty("error").GetProperty("code").GetString().Should().Be("invalid_output_format");
        body.GetProperty("error").GetProperty("message").GetString().Should().Contain("/age must be integer");
        _prompts.Should().HaveCount(2);
    }

    [Fact]
    public async Task An_answer_that_violates_a_schema_that_is_not_strict_is_sent()
    {
        await using TestServer server = await StartAsync("""{"age":"old"}""", """{"age":"older"}""");

        JsonElement body = await ChatAsync(server, Strict.Replace("\"strict\":true,", ""), HttpStatusCode.OK);

        ContentOf(body).Should().Be("""{"age":"older"}""");
        server.Log.Should().Contain("does not fit the schema").And.NotContain("older", "replies are not logged");
    }

    [Theory]
    [InlineData("I cannot.", HttpStatusCode.UnprocessableEntity)]
    [InlineData("[1]", HttpStatusCode.UnprocessableEntity)]
    [InlineData("""{"any":"thing"}""", HttpStatusCode.OK)]
    public async Task With_json_object_only_an_object_is_accepted(string reply, HttpStatusCode status)
    {
        await using TestServer server = await StartAsync(reply, reply);

        await ChatAsync(server, """{"type":"json_object"}""", status);
    }

    [Fact]
    public async Task An_answer_that_reached_its_limit_has_finish_reason_length_and_is_not_requested_again()
    {
        await using TestServer server = await StartAsync(new FakeEngine
        {
            Run = async run =>
            {
                _prompts.Add(run.Prompt);
                await run.SendAsync("""{"age":""");
                run.End(RunEndReason.Length);
            },
        });

        JsonElement body = await ChatAsync(server, Strict, HttpStatusCode.OK);

        body.GetProperty("choices")[0].GetProperty("finish_reason").GetString().Should().Be("length");
        _prompts.Should().ContainSingle();
    }

    [Fact]
    public async Task A_stream_has_the_reasoning_as_it_comes_and_the_json_in_one_piece()
    {
        await using TestServer server = await StartAsync("<think>\nhm\n</think>\n\n{'age': 3}");

        using HttpResponseMessage response = await server.PostAsync("/v1/chat/completions", Request(Strict).Replace("\"model\"", "\"stream\":true,\"model\""));
        string[] events = [.. (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(static line => line["data: ".Length..])];

        events[^1].Should().Be("[DONE]");
        JsonElement[] deltas = [.. events[..^1].Select(static json => JsonDocument.Parse(json).RootElement.GetProperty("choices")[0].GetProperty("delta"))];
        deltas.Where(static delta => delta.TryGetProperty("reasoning_content", out _)).Should().ContainSingle();
        deltas.Where(static delta => delta.TryGetProperty("content", out JsonElement content) && content.GetString() != "").Should().ContainSingle()
            .Which.GetProperty("content").GetString().Should().Be("""{"age":3}""");
    }

    [Theory]
    [InlineData("\"json\"", "{\"a\":1}")]
    [InlineData(Schema, "{\"age\":1}")]
    [InlineData("\"\"", "any text")]
    [InlineData("null", "any text")]
    public async Task The_format_field_of_Ollama_is_honoured(string format, string reply)
    {
        await using TestServer server = await StartAsync(reply);

        (HttpStatusCode status, JsonElement body) = await server.PostJsonAsync(
            "/api/chat", $$"""{"model":"m","stream":false,"messages":[{"role":"user","content":"Hi"}],"format":{{format}}}""");

        status.Should().Be(HttpStatusCode.OK);
        body.GetProperty("message").GetProperty("content").GetString().Should().Be(reply);
    }

    [Theory]
    [InlineData("""{"type":"json_schema"}""")]
    [InlineData("""{"type":"json_schema","json_schema":{"schema":{"type":"thing"}}}""")]
    [InlineData("""{"type":"xml"}""")]
    [InlineData("\"json\"")]
    public async Task A_malformed_output_format_is_refused_before_the_run(string format)
    {
        await using TestServer server = await StartAsync("{}");

        JsonElement body = await ChatAsync(server, format, HttpStatusCode.BadRequest);

        body.GetProperty("error").GetProperty("param").GetString().Should().Be("response_format");
        _prompts.Should().BeEmpty();
    }

    private const string Strict = """{"type":"json_schema","json_schema":{"name":"person","strict":true,"schema":""" + Schema + "}}";

    private Task<TestServer> StartAsync(params string[] replies)
    {
        Queue<string> left = new(replies);
        return StartAsync(new FakeEngine
        {
            Run = async run =>
            {
                _prompts.Add(run.Prompt);
                await run.SendAsync(left.Dequeue());
                run.End(RunEndReason.Stop);
            },
        });
    }

    private static async Task<TestServer> StartAsync(FakeEngine engine)
    {
        TestServer server = await TestServer.StartAsync(engine);
        server.AddModel("m");
        return server;
    }

    private static string Request(string format) => $$"""{"model":"m","messages":[{"role":"user","content":"How old?"}],"response_format":{{format}}}""";

    private static async Task<JsonElement> ChatAsync(TestServer server, string format, HttpStatusCode expected)
    {
        (HttpStatusCode status, JsonElement body) = await server.PostJsonAsync("/v1/chat/completions", Request(format));
        status.Should().Be(expected);
        return body;
    }

    private static string? ContentOf(JsonElement body) => body.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString();
}
