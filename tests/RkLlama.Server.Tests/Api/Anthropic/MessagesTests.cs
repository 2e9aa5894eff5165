using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.Anthropic;

/// <summary><c>POST /v1/messages</c>: the blocks and the end of an answer, in one piece and as a stream.</summary>
public sealed class MessagesTests
{
    private const string Hi = """{"model":"m","max_tokens":100,"messages":[{"role":"user","content":"Hi"}]}""";

    [Theory]
    [InlineData(new[] { "He", "llo" }, "", """[{"type":"text","text":"Hello"}]""", "end_turn", null)]
    [InlineData(new string[] { }, "", """[{"type":"text","text":""}]""", "end_turn", null)]
    [InlineData(new[] { "<think>", "hm", "</think>", "Yes" }, "", """[{"type":"thinking","thinking":"hm","signature":"cmtsbGFtYQ=="},{"type":"text","text":"Yes"}]""", "end_turn", null)]
    [InlineData(new[] { "a", "b", "STOP", "c" }, ""","stop_sequences":["nothing","STOP"]""", """[{"type":"text","text":"ab"}]""", "stop_sequence", "STOP")]
    [InlineData(new[] { "a", "b", "c" }, ""","max_tokens":2""", """[{"type":"text","text":"ab"}]""", "max_tokens", null)]
    [InlineData(
        new[] { "One ", "<tool_call>", "{\"name\": \"add\", \"arguments\": {\"a\": 1}}", "</tool_call>" },
        ""","tools":[{"name":"add","input_schema":{"type":"object"}}]""",
        """[{"type":"text","text":"One"},{"type":"tool_use","id":"ID","name":"add","input":{"a":1}}]""",
        "tool_use",
        null)]
    public async Task An_answer_has_the_blocks_and_the_reason_of_its_end(string[] tokens, string fields, string content, string reason, string? sequence)
    {
        await using PromptServer server = await PromptServer.StartAsync("", null, tokens);

        (HttpStatusCode status, string body, _) = await server.PostAsync("/v1/messages", WithFields(fields));

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        JsonElement message = PromptServer.Json(body);
        message.GetProperty("id").GetString().Should().MatchRegex("^msg_[0-9a-f]{24}$");
        message.GetProperty("type").GetString().Should().Be("message");
        message.GetProperty("role").GetString().Should().Be("assistant");
        message.GetProperty("model").GetString().Should().Be("m");
        Regex.Replace(message.GetProperty("content").GetRawText(), "call_[0-9a-z]+", "ID").Should().Be(content);
        message.GetProperty("stop_reason").GetString().Should().Be(reason);
        message.GetProperty("stop_sequence").GetString().Should().Be(sequence);
        message.GetProperty("usage").GetProperty("input_tokens").GetInt32().Should().BePositive();
        message.GetProperty("usage").GetProperty("cache_read_input_tokens").GetInt32().Should().Be(0);
    }

    [Fact]
    public async Task A_stream_has_the_events_of_each_block()
    {
        await using PromptServer server = await PromptServer.StartAsync(
            "", null, "<think>", "hm", "</think>", "One", " two", "<tool_call>", "{\"name\": \"add\", \"arguments\": {\"a\": 1}}", "</tool_call>");

        (_, string body, _) = await server.PostAsync("/v1/messages", WithFields(""","stream":true,"tools":[{"name":"add","input_schema":{"type":"object"}}]"""));

        Regex.Replace(Regex.Replace(body, "(msg|call)_[0-9a-z]+", "$1"), "\"input_tokens\":[0-9]+", "\"input_tokens\":N").Should().Be("""
            event: message_start
            data: {"type":"message_start","message":{"id":"msg","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":N,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0,"output_tokens_details":{"thinking_tokens":0}}}}

            event: content_block_start
            data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"cmtsbGFtYQ=="}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":0}

            event: content_block_start
            data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"One"}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":" two"}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":1}

            event: content_block_start
            data: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"call","name":"add","input":{}}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":2}

            event: message_delta
            data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":N,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":8,"output_tokens_details":{"thinking_tokens":3}}}

            event: message_stop
            data: {"type":"message_stop"}


            """.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task A_stream_without_output_has_one_empty_block()
    {
        await using PromptServer server = await PromptServer.StartAsync("", null);

        (_, string body, _) = await server.PostAsync("/v1/messages", WithFields(""","stream":true"""));

        Regex.Matches(body, "^event: (.*)$", RegexOptions.Multiline).Select(static match => match.Groups[1].Value).Should().Equal(
            "message_start", "content_block_start", "content_block_stop", "message_delta", "message_stop");
    }

    [Fact]
    public async Task A_stop_sequence_of_the_Modelfile_ends_the_turn()
    {
        await using PromptServer server = await PromptServer.StartAsync("STOP=[\"STOP\"]\n", null, "a", "STOP", "c");

        (HttpStatusCode status, string body, _) = await server.PostAsync("/v1/messages", Hi);

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        PromptServer.Json(body).GetProperty("content")[0].GetProperty("text").GetString().Should().Be("a");
        PromptServer.Json(body).GetProperty("stop_reason").GetString().Should().Be("end_turn");
    }

    [Fact]
    public async Task Tokens_from_the_cache_are_counted_apart()
    {
        FakeEngine engine = new() { Run = static async run => { await run.SendAsync("Yes"); run.Engine.Complete(new(RunEndReason.Stop, 1, new(1, 1, 1, 1, 1), null), null); } };
        await using TestServer server = await TestServer.StartAsync(engine);
        server.AddModel("m");
        await File.WriteAllTextAsync(Path.Combine(server.Models, "m", "tokenizer.json"), PromptServer.StrippingTokenizer);

        (_, JsonElement counted) = await server.PostJsonAsync("/v1/messages/count_tokens", Hi);
        (HttpStatusCode status, JsonElement body) = await server.PostJsonAsync("/v1/messages", Hi);

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        JsonElement usage = body.GetProperty("usage");
        usage.GetProperty("input_tokens").GetInt32().Should().Be(1);
        (usage.GetProperty("input_tokens").GetInt32() + usage.GetProperty("cache_read_input_tokens").GetInt32()).Should().Be(counted.GetProperty("input_tokens").GetInt32());
    }

    [Theory]
    [InlineData(""","thinking":{"type":"enabled","budget_tokens":1024}""", "on")]
    [InlineData(""","thinking":{"type":"disabled"}""", "off")]
    [InlineData(""","thinking":{"type":"adaptive"}""", "default")]
    [InlineData("", "default")]
    public async Task Thinking_is_turned_on_or_off(string fields, string shown)
    {
        await using PromptServer server = await PromptServer.StartAsync(
            "TEMPLATE=\"{% if enable_thinking is defined and enable_thinking %}on{% elif enable_thinking is defined %}off{% else %}default{% endif %}{{ messages[0].content[:0] }}\"\n", null, "Yes");

        await server.PostAsync("/v1/messages", WithFields(fields));

        server.Prompts.Should().ContainSingle().Which.Should().StartWith(shown);
    }

    [Theory]
    [InlineData(""","thinking":{"type":"enabled","budget_tokens":2}""", 2)]
    [InlineData(""","output_config":{"effort":"low"}""", 1)]
    [InlineData(""","thinking":{"type":"enabled"}""", 1)]
    public async Task A_budget_ends_the_thinking(string fields, int runs)
    {
        // The run is aborted at the budget, and another one continues behind the end of the thinking.
        await using PromptServer server = await PromptServer.StartAsync("", null, "<think>", "a", "b", "c", "d", "</think>", "Yes");

        (HttpStatusCode status, string body, _) = await server.PostAsync("/v1/messages", WithFields(fields));

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        server.Prompts.Should().HaveCount(runs);
    }

    [Fact]
    public async Task A_format_is_enforced()
    {
        await using PromptServer server = await PromptServer.StartAsync("", null, "{\"a\":", "1}");
        const string Format = """{"type":"json_schema","schema":{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}}""";

        (HttpStatusCode fits, _, _) = await server.PostAsync("/v1/messages", WithFields($$""","output_config":{"format":{{Format.Replace("\"string\"", "\"integer\"", StringComparison.Ordinal)}}}"""));
        (HttpStatusCode differs, string body, _) = await server.PostAsync("/v1/messages", WithFields($$""","output_format":{{Format}}"""));

        fits.Should().Be(HttpStatusCode.OK);
        differs.Should().Be(HttpStatusCode.UnprocessableEntity);
        PromptServer.Json(body).GetProperty("error").GetProperty("details").GetProperty("error_code").GetString().Should().Be("invalid_output_format");
    }

    [Fact]
    public async Task Fields_without_effect_are_accepted_and_named()
    {
        await using PromptServer server = await PromptServer.StartAsync("", null, "Yes");

        (HttpStatusCode status, _, string ignored) = await server.PostAsync("/v1/messages?beta=true", WithFields(
            ""","metadata":{"user_id":"me"},"service_tier":"auto","cache_control":{"type":"ephemeral"},"top_k":3,"temperature":0.2,"container":null,"context_management":{"edits":[{}]}"""));

        status.Should().Be(HttpStatusCode.OK);
        ignored.Split(", ").Should().BeEquivalentTo("top_k", "temperature", "context_management");
    }

    private static string WithFields(string fields) =>
        $$"""{"model":"m","messages":[{"role":"user","content":"Hi"}]{{fields}}{{(fields.Contains("max_tokens", StringComparison.Ordinal) ? "" : ",\"max_tokens\":100")}}}""";
}
