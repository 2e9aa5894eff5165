using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Prompts;
using RkLlama.Server.Api.OpenAi.Responses;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.OpenAi;

/// <summary><c>POST /v1/responses</c>: items of the conversation and of the answer, and the named events of a stream.</summary>
public sealed class ResponsesTests
{
    private const string Template = """
        FROM="m.rkllm"
        TEMPLATE="{% for m in messages %}[{{ m.role }}:{% if m.reasoning_content %}{{ m.reasoning_content }}/{% endif %}{{ m.content or '' }}{% for c in m.tool_calls or [] %}({{ c.function.name }} {{ c.function.arguments | tojson }}){% endfor %}]{% endfor %}{% for t in tools or [] %}<tool_call>{{ t.function.name }}{% endfor %}"
        """;

    private readonly List<string> _prompts = [];

    [Theory]
    [InlineData("""{"input":"Hi"}""", "[user:Hi]")]
    [InlineData("""{"input":"Hi","instructions":"Be brief"}""", "[system:Be brief][user:Hi]")]
    [InlineData("""{"input":[{"role":"developer","content":"Be brief"},{"role":"user","content":[{"type":"input_text","text":"Hi"}]}]}""", "[system:Be brief][user:Hi]")]
    [InlineData(
        """
        {"input":[{"role":"user","content":"Sum?"},{"type":"reasoning","id":"rs_1","summary":[]},
          {"type":"message","role":"assistant","id":"msg_1","content":[{"type":"output_text","text":"Let me see.","annotations":[]}]},
          {"type":"function_call","call_id":"c1","name":"add","arguments":"{\"a\":1}"},{"type":"function_call","call_id":"c2","name":"add","arguments":"{}"},
          {"type":"function_call_output","call_id":"c1","output":"1"},{"type":"function_call_output","call_id":"c2","output":[{"type":"input_text","text":"2"}]}]}
        """,
        """[user:Sum?][assistant:Let me see.(add {"a": 1})(add {})][tool:1][tool:2]""")]
    [InlineData(
        """
        {"input":[{"role":"user","content":"Sum?"},{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"s"}],"content":[{"type":"reasoning_text","text":"hm"}],"encrypted_content":null},
          {"type":"function_call","call_id":"c1","name":"add","arguments":"{}"},{"type":"function_call_output","call_id":"c1","output":"1"},
          {"type":"reasoning","id":"rs_2","summary":[],"content":[{"type":"reasoning_text","text":"so"}]},{"role":"assistant","content":"One."},
          {"type":"reasoning","id":"rs_3","summary":[],"content":[{"type":"reasoning_text","text":"cut off"}]},{"role":"user","content":"Sure?"},{"role":"assistant","content":"Yes."},
          {"role":"user","content":"Good"}]}
        """,
        """[user:Sum?][assistant:hm/(add {})][tool:1][assistant:so/One.][user:Sure?][assistant:Yes.][user:Good]""")]
    public async Task Items_become_the_turns_of_a_conversation(string request, string prompt)
    {
        await using TestServer server = await StartAsync("Yes");

        (HttpStatusCode status, _) = await server.PostJsonAsync("/v1/responses", WithModel(request));

        status.Should().Be(HttpStatusCode.OK);
        _prompts.Should().ContainSingle().Which.Should().Be(prompt);
    }

    [Theory]
    [InlineData("\"a\"")]
    [InlineData("[]")]
    [InlineData("{\"a\":\"LARGE\"}")]
    public async Task Metadata_that_is_not_a_small_object_is_refused(string metadata)
    {
        await using TestServer server = await StartAsync("Yes");

        (HttpStatusCode status, JsonElement body) = await server.PostJsonAsync(
            "/v1/responses", WithModel($$"""{"input":"Hi","metadata":{{metadata.Replace("LARGE", new string('x', 70_000), StringComparison.Ordinal)}}}"""));

        status.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("error").GetProperty("message").GetString().Should().StartWith("metadata must be an object");
    }

    [Theory]
    [InlineData("{}", "input")]
    [InlineData("""{"input":[]}""", "input")]
    [InlineData("""{"input":"Hi","previous_response_id":"resp_1"}""", "previous_response_id")]
    [InlineData("""{"input":"Hi","conversation":"conv_1"}""", "conversation")]
    [InlineData("""{"input":"Hi","background":true}""", "background")]
    [InlineData("""{"input":[{"type":"item_reference","id":"x"}]}""", "input")]
    [InlineData("""{"input":"Hi","tools":[{"type":"function"}]}""", "tools")]
    [InlineData("""{"input":[{"type":"local_shell_call","call_id":"c1"},{"type":"item_reference","id":"x"}]}""", "input")]
    [InlineData("""{"input":"Hi","text":{"format":{"type":"json_schema","name":"x"}}}""", "text.format")]
    public async Task Unsupported_fields_are_refused_by_name(string request, string parameter)
    {
        await using TestServer server = await StartAsync("Yes");

        (HttpStatusCode status, JsonElement body) = await server.PostJsonAsync("/v1/responses", WithModel(request));

        status.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("error").GetProperty("param").GetString().Should().Be(parameter);
        _prompts.Should().BeEmpty();
    }

    [Fact]
    public async Task An_empty_id_of_an_earlier_response_counts_as_absent()
    {
        await using TestServer server = await StartAsync("Yes");

        (HttpStatusCode status, _) = await server.PostJsonAsync("/v1/responses", WithModel("""{"input":"Hi","previous_response_id":""}"""));

        status.Should().Be(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("""{"type":"function_call","name":"a"}""")]
    [InlineData("""{"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]}""")]
    public void The_memory_to_read_items_is_proportional_to_their_number(string item)
    {
        using JsonDocument few = Items(item, 4000), many = Items(item, 16_000);
        Allocated(few);

        long forFew = Allocated(few), forMany = Allocated(many);

        forMany.Should().BeLessThan(6 * forFew);

        static JsonDocument Items(string item, int count) =>
            JsonDocument.Parse($$"""{"input":[{"role":"user","content":"Hi"},{{string.Join(',', Enumerable.Repeat(item, count))}}]}""");

        static long Allocated(JsonDocument body)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            ResponsesRequest.From(body.RootElement, CpuBudget.Unlimited());
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact]
    public void Items_that_take_too_long_are_refused()
    {
        using JsonDocument body = JsonDocument.Parse("""{"input":[{"role":"user","content":"Hi"},{"role":"user","content":"Hi"},{"role":"user","content":"Hi"}]}""");
        TimeSpan used = TimeSpan.Zero;
        CpuBudget cpu = new(TimeSpan.FromSeconds(2), () => used += TimeSpan.FromSeconds(1), CancellationToken.None);

        Action read = () => ResponsesRequest.From(body.RootElement, cpu);

        read.Should().Throw<ApiException>().WithMessage("input takes too long*");
    }

    [Fact]
    public async Task The_events_add_up_to_the_response()
    {
        await using TestServer server = await StartAsync("<think>\n", "hm", "\n</think>\n\n", "Yes", ".", "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>");
        string request = WithModel("""{"input":"Hi","stream":true,"tools":[{"type":"function","name":"f","parameters":{"type":"object"}}]}""");

        (string Name, JsonElement Data)[] events = await StreamAsync(server, request);

        events.Select(item => item.Name).Should().Equal(
            "response.created", "response.in_progress",
            "response.output_item.added", "response.content_part.added", "response.reasoning_text.delta", "response.reasoning_text.done", "response.content_part.done", "response.output_item.done",
            "response.output_item.added", "response.content_part.added", "response.output_text.delta", "response.output_text.delta", "response.output_text.done", "response.content_part.done", "response.output_item.done",
            "response.output_item.added", "response.function_call_arguments.delta", "response.function_call_arguments.done", "response.output_item.done",
            "response.completed");
        events.Select(item => item.Data.GetProperty("type").GetString()).Should().Equal(events.Select(item => item.Name));
        events.Select(item => item.Data.GetProperty("sequence_number").GetInt32()).Should().Equal(Enumerable.Range(0, events.Length));
        JsonElement response = events[^1].Data.GetProperty("response");
        JsonElement[] done = [.. events.Where(item => item.Name == "response.output_item.done").Select(item => item.Data.GetProperty("item"))];
        response.GetProperty("output").EnumerateArray().Select(item => item.GetRawText()).Should().Equal(done.Select(item => item.GetRawText()));
        done.Select(item => item.GetProperty("type").GetString()).Should().Equal("reasoning", "message", "function_call");
        done[1].GetProperty("content")[0].GetProperty("text").GetString().Should().Be("Yes.");
        done[2].GetProperty("arguments").GetString().Should().Be("""{"a":1}""");
        response.GetProperty("usage").GetProperty("output_tokens_details").GetProperty("reasoning_tokens").GetInt32().Should().Be(3);
    }

    [Fact]
    public async Task An_answer_cut_at_its_limit_is_incomplete()
    {
        await using TestServer server = await StartAsync(RunEndReason.Length, "Half");

        (_, JsonElement body) = await server.PostJsonAsync("/v1/responses", WithModel("""{"input":"Hi","max_output_tokens":1}"""));

        body.GetProperty("status").GetString().Should().Be("incomplete");
        body.GetProperty("incomplete_details").GetProperty("reason").GetString().Should().Be("max_output_tokens");
        body.GetProperty("output")[0].GetProperty("status").GetString().Should().Be("incomplete");
    }

    [Fact]
    public async Task A_stream_that_fails_ends_with_an_error_event_and_a_cut()
    {
        await using TestServer server = await TestServer.StartAsync(new FakeEngine
        {
            Run = async run =>
            {
                await run.SendAsync("Half");
                run.End(RunEndReason.Error, "the NPU is gone");
            },
        });
        server.AddModel("m");
        using HttpRequestMessage message = new(HttpMethod.Post, "/v1/responses") { Content = new StringContent(WithModel("""{"input":"Hi","stream":true}""")) };
        using HttpResponseMessage response = await server.Client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
        await using Stream stream = await response.Content.ReadAsStreamAsync();
        using StreamReader reader = new(stream);
        List<string> lines = [];

        Func<Task> read = async () =>
        {
            while (await reader.ReadLineAsync() is { } line)
                lines.Add(line);
        };

        await read.Should().ThrowAsync<HttpIOException>();
        lines.Should().Contain("event: error");
        JsonElement error = JsonDocument.Parse(lines[lines.IndexOf("event: error") + 1]["data: ".Length..]).RootElement;
        error.GetProperty("message").GetString().Should().Contain("the NPU is gone").And.Be(error.GetProperty("error").GetProperty("message").GetString());
        error.GetProperty("sequence_number").GetInt32().Should().Be(5);
    }

    private static string WithModel(string request)
    {
        JsonObject body = JsonNode.Parse(request)!.AsObject();
        body["model"] = "m";
        return body.ToJsonString();
    }

    private Task<TestServer> StartAsync(params string[] tokens) => StartAsync(RunEndReason.Stop, tokens);

    private async Task<TestServer> StartAsync(RunEndReason end, params string[] tokens)
    {
        TestServer server = await TestServer.StartAsync(new FakeEngine
        {
            Run = async run =>
            {
                _prompts.Add(run.Prompt);
                foreach (string token in tokens)
                    await run.SendAsync(token);
                run.End(end);
            },
        });
        server.AddModel("m", Template);
        return server;
    }

    private static async Task<(string Name, JsonElement Data)[]> StreamAsync(TestServer server, string request)
    {
        using HttpResponseMessage response = await server.PostAsync("/v1/responses", request);
        response.Content.Headers.ContentType!.MediaType.Should().Be("text/event-stream");
        return
        [
            .. (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(static text =>
            {
                string[] lines = text.Split('\n');
                return (lines[0]["event: ".Length..], JsonDocument.Parse(lines[1]["data: ".Length..]).RootElement);
            }),
        ];
    }
}
