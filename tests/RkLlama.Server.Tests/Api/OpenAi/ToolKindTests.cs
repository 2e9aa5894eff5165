using System.Net;
using System.Text.Json;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.OpenAi;

/// <summary>Tools that are no plain functions, choices of tools, and the older form of function calls.</summary>
public sealed class ToolKindTests
{
    private const string CallOfF = "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>";
    private const string CallOfPatch = "<tool_call>\n{\"name\": \"patch\", \"arguments\": {\"input\": \"*** Begin\"}}\n</tool_call>";
    private const string F = """{"type":"function","name":"f","parameters":{"type":"object"}}""";

    [Theory]
    [InlineData("""[{"type":"web_search"},{"type":"local_shell"},{"type":"image_generation"},*]""", "", "tools.image_generation, tools.local_shell, tools.web_search")]
    [InlineData("""[{"type":"mcp","server_label":"x","name":"y"},*]""", ""","tool_choice":{"type":"web_search"}""", "tools.mcp, tool_choice")]
    [InlineData("""[{"type":"file_search","vector_store_ids":[]},*]""", ""","tool_choice":"required","stream":true""", "tools.file_search")]
    public async Task Hosted_tools_are_left_out_and_named(string tools, string more, string named)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: CallOfF);

        (HttpStatusCode status, string body, string ignored) = await server.PostAsync(
            "/v1/responses", $$$"""{"model":"m","input":"Hi","tools":{{{tools.Replace("*", F, StringComparison.Ordinal)}}}{{{more}}}}""");

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        server.Prompts.Should().Equal("[user:Hi]<tool_call>f ");
        body.Should().Contain("\"function_call\"");
        ignored.Should().Be(named);
    }

    [Fact]
    public async Task A_request_with_hosted_tools_only_is_answered_without_tools()
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "Hello");

        (HttpStatusCode status, _, string ignored) = await server.PostAsync(
            "/v1/responses", """{"model":"m","input":"Hi","tools":[{"type":"web_search"}],"tool_choice":"required"}""");

        status.Should().Be(HttpStatusCode.OK);
        ignored.Should().Be("tools.web_search, tool_choice");
    }

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"web_search_preview"},{"type":"function","function":{"name":"f"}}]}""")]
    [InlineData("/api/chat", """{"model":"m","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"web_search_preview"},{"type":"function","function":{"name":"f"}}]}""")]
    public async Task Hosted_tools_are_left_out_in_chats_too(string path, string request)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "x");

        (HttpStatusCode status, _, string ignored) = await server.PostAsync(path, request);

        (status, ignored).Should().Be((HttpStatusCode.OK, "tools.web_search_preview"));
        server.Prompts.Should().Equal("[user:Hi]<tool_call>f ");
    }

    [Fact]
    public async Task A_custom_tool_is_called_with_text()
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: CallOfPatch);

        (HttpStatusCode status, string body, string ignored) = await server.PostAsync(
            "/v1/responses",
            """
            {"model":"m","tools":[{"type":"custom","name":"patch","description":"Edits","format":{"type":"grammar","syntax":"lark","definition":"start: x"}}],
             "input":[{"role":"user","content":"Hi"},{"type":"custom_tool_call","call_id":"c1","name":"patch","input":"*** End"},
                      {"type":"custom_tool_call_output","call_id":"c1","output":"Done"}]}
            """);

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        server.Prompts.Should().Equal("""[user:Hi][assistant:(patch {"input": "*** End"})][tool:Done]<tool_call>patch """);
        JsonElement item = PromptServer.Json(body).GetProperty("output")[0];
        (item.GetProperty("type").GetString(), item.GetProperty("name").GetString(), item.GetProperty("input").GetString()).Should().Be(("custom_tool_call", "patch", "*** Begin"));
        item.TryGetProperty("arguments", out _).Should().BeFalse();
        ignored.Should().BeEmpty();
    }

    [Fact]
    public async Task A_call_of_a_custom_tool_is_streamed_with_its_own_events()
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: CallOfPatch);

        (_, string body, _) = await server.PostAsync("/v1/responses", """{"model":"m","input":"Hi","stream":true,"tools":[{"type":"custom","name":"patch"}]}""");

        body.Should().Contain("event: response.custom_tool_call_input.delta").And.Contain("event: response.custom_tool_call_input.done").And.NotContain("function_call_arguments");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_custom_tool_of_a_chat_is_called_with_text(bool stream)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: CallOfPatch);

        (_, string body, _) = await server.PostAsync(
            "/v1/chat/completions",
            $$$"""{"model":"m","messages":[{"role":"user","content":"Hi"}],"stream":{{{(stream ? "true" : "false")}}},"tools":[{"type":"custom","custom":{"name":"patch"}}]}""");

        body.Should().Contain("""
            "type":"custom","custom":{"name":"patch","input":"*** Begin"}
            """.Trim());
    }

    [Fact]
    public async Task Tools_in_an_item_of_the_input_are_offered_too()
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: CallOfPatch);

        (HttpStatusCode status, string body, string ignored) = await server.PostAsync(
            "/v1/responses",
            $$$"""
            {"model":"m","tools":[{{{F}}}],
             "input":[{"type":"additional_tools","role":"developer","tools":[{"type":"namespace","name":"box","tools":[{"type":"custom","name":"patch"}]},{"type":"web_search"}]},
                      {"role":"user","content":"Hi"}]}
            """);

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        server.Prompts.Should().Equal("[user:Hi]<tool_call>f <tool_call>patch ");
        JsonElement item = PromptServer.Json(body).GetProperty("output")[0];
        (item.GetProperty("type").GetString(), item.GetProperty("name").GetString(), item.GetProperty("namespace").GetString()).Should().Be(("custom_tool_call", "patch", "box"));
        ignored.Should().Be("tools.web_search");
    }

    [Fact]
    public async Task A_namespace_is_unfolded_and_named_in_the_call()
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: CallOfF);

        (HttpStatusCode status, string body, _) = await server.PostAsync(
            "/v1/responses",
            $$$"""
            {"model":"m","tools":[{"type":"namespace","name":"box","tools":[{{{F}}},{"type":"function","name":"g"}]},{"type":"namespace","name":"other__","tools":[{"type":"function","name":"g"}]}],
             "input":[{"role":"user","content":"Hi"},{"type":"function_call","call_id":"c1","name":"g","namespace":"other__","arguments":"{}"},{"type":"function_call_output","call_id":"c1","output":"ok"}]}
            """);

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        server.Prompts.Should().Equal("[user:Hi][assistant:(other__g {})][tool:ok]<tool_call>f <tool_call>g <tool_call>other__g ");
        JsonElement item = PromptServer.Json(body).GetProperty("output")[0];
        (item.GetProperty("name").GetString(), item.GetProperty("namespace").GetString()).Should().Be(("f", "box"));
    }

    [Theory]
    [InlineData("/v1/responses", """{"model":"m","input":"Hi","tools":[{"type":"function","name":"f"},{"type":"function","name":"g"}],"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"g"},{"type":"web_search"}]}}""", "[user:Hi]<tool_call>g ")]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"g"}}],"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f"}}]}}}""", "[user:Hi]<tool_call>f ")]
    [InlineData("/v1/responses", """{"model":"m","input":"Hi","tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[]}}""", "[user:Hi]")]
    public async Task Allowed_tools_narrow_the_tools(string path, string request, string prompt)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "x");

        (HttpStatusCode status, string body, _) = await server.PostAsync(path, request);

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        server.Prompts.Should().Equal(prompt);
    }

    [Fact]
    public async Task A_required_call_among_the_allowed_tools_is_checked()
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "no call");

        (HttpStatusCode status, _, _) = await server.PostAsync(
            "/v1/responses", $$$"""{"model":"m","input":"Hi","tools":[{{{F}}}],"tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"}]}}""");

        status.Should().Be(HttpStatusCode.UnprocessableEntity);
    }

    [Fact]
    public async Task Items_of_unknown_types_are_left_out_and_named()
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "x");

        (HttpStatusCode status, string body, string ignored) = await server.PostAsync(
            "/v1/responses",
            """
            {"model":"m","input":[{"role":"user","content":"Hi"},{"type":"local_shell_call","call_id":"c","action":{"type":"exec","command":["ls"]}},
             {"type":"local_shell_call_output","call_id":"c","output":"x"},{"type":"item_reference","id":"msg_1"},{"id":"msg_2"},{"type":"web_search_call","id":"ws_1"},
             {"type":"reasoning","summary":[]},{"role":"user","content":"Go"}]}
            """);

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        server.Prompts.Should().Equal("[user:Hi][user:Go]");
        ignored.Should().Be("input.item_reference, input.local_shell_call, input.local_shell_call_output, input.web_search_call");
    }

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"f"}}],"parallel_tool_calls":*}""")]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"f"}}],"stream":true,"parallel_tool_calls":*}""")]
    [InlineData("/v1/responses", """{"model":"m","input":"Hi","tools":[{"type":"function","name":"f"}],"parallel_tool_calls":*}""")]
    public async Task Without_parallel_tool_calls_only_the_first_call_is_sent(string path, string request)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: [CallOfF, "\n", CallOfF.Replace("1", "2", StringComparison.Ordinal)]);

        (_, string one, _) = await server.PostAsync(path, request.Replace("*", "false", StringComparison.Ordinal));
        (_, string two, _) = await server.PostAsync(path, request.Replace("*", "true", StringComparison.Ordinal));

        (one.Contains("{\\\"a\\\":1}", StringComparison.Ordinal), one.Contains("{\\\"a\\\":2}", StringComparison.Ordinal)).Should().Be((true, false), "{0}", one);
        two.Should().Contain("{\\\"a\\\":2}");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_older_form_of_functions_gets_the_older_form_of_calls(bool stream)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: CallOfF);

        (HttpStatusCode status, string body, string ignored) = await server.PostAsync(
            "/v1/chat/completions",
            $$$"""{"model":"m","messages":[{"role":"user","content":"Hi"}],"functions":[{"name":"f"},{"name":"g"}],"function_call":{"name":"f"},"stream":{{{(stream ? "true" : "false")}}}}""");

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        server.Prompts.Should().Equal("[user:Hi]<tool_call>f ");
        body.Should().Contain("\"function_call\":{\"name\":\"f\"").And.Contain("\"finish_reason\":\"function_call\"").And.NotContain("tool_calls");
        ignored.Should().BeEmpty();
    }

    [Fact]
    public async Task Input_tokens_are_counted_without_a_run()
    {
        await using PromptServer server = await PromptServer.StartAsync(tokenizer: PromptServer.StrippingTokenizer, modelfile: "", tokens: "x");
        server.Server.AddModel("m", "FROM=\"m.rkllm\"\nTEMPLATE=\"{{ messages[0].content }}\"\n");

        (HttpStatusCode status, string body, _) = await server.PostAsync("/v1/responses/input_tokens", """{"model":"m","input":"abab"}""");

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        body.Trim().Should().Be("""{"object":"response.input_tokens","input_tokens":2}""");
        server.Server.Engine.Sessions.Should().BeEmpty();
    }

    [Fact]
    public async Task The_usage_of_a_response_has_the_tokens_that_were_written_to_the_cache()
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "x");

        (_, string body, _) = await server.PostAsync("/v1/responses", """{"model":"m","input":"Hi"}""");

        PromptServer.Json(body).GetProperty("usage").GetProperty("input_tokens_details").GetRawText().Should().Be("""{"cached_tokens":0,"cache_write_tokens":0}""");
    }
}
