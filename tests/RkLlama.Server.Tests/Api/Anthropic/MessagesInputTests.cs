using System.Net;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.Anthropic;

/// <summary><c>POST /v1/messages</c>: how the messages of a request become the prompt.</summary>
public sealed class MessagesInputTests
{
    private const string Hi = """{"role":"user","content":"Hi"}""";

    private const string Call = """{"type":"tool_use","id":"c1","name":"add","input":{"a":1}}""";

    [Theory]
    [InlineData("[" + Hi + "]", null, "[user:Hi]")]
    [InlineData("[" + Hi + "]", "\"Be brief\"", "[system:Be brief][user:Hi]")]
    [InlineData("[" + Hi + "]", """[{"type":"text","text":"Be brief","cache_control":{"type":"ephemeral"}},{"type":"text","text":"Be kind"}]""", "[system:Be brief\n\nBe kind][user:Hi]")]
    [InlineData("[" + Hi + "]", """[{"type":"text","text":"x-anthropic-billing-header: cc_version=1; cch=abc;"},{"type":"text","text":"Be brief"}]""", "[system:Be brief][user:Hi]")]
    [InlineData("[" + Hi + "]", "[]", "[user:Hi]")]
    [InlineData("""[{"role":"user","content":[{"type":"text","text":"One"},{"type":"text","text":"Two"}]}]""", null, "[user:One\n\nTwo]")]
    [InlineData("""[{"role":"system","content":"Be brief"},{"role":"user","content":"Hi"}]""", null, "[system:Be brief][user:Hi]")]
    [InlineData("[" + Hi + """,{"role":"assistant","content":[{"type":"text","text":"He"},{"type":"text","text":"llo"}]},""" + Hi + "]", null, "[user:Hi][assistant:Hello][user:Hi]")]
    [InlineData(
        "[" + Hi + """,{"role":"assistant","content":[{"type":"redacted_thinking","data":"x"},{"type":"text","text":"Let me see."},""" + Call
        + """]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"1"},{"type":"text","text":"Go on"}]}]""",
        null,
        "[user:Hi][assistant:Let me see.(add {\"a\": 1})][tool:1][user:Go on]")]
    [InlineData(
        "[" + Hi + """,{"role":"assistant","content":[""" + Call
        + """]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","is_error":true,"content":[{"type":"text","text":"no"},{"type":"text","text":"file"}]}]}]""",
        null,
        "[user:Hi][assistant:(add {\"a\": 1})][tool:Error: no\n\nfile]")]
    [InlineData(
        "[" + Hi + """,{"role":"assistant","content":[""" + Call + """]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1"}]}]""",
        null,
        "[user:Hi][assistant:(add {\"a\": 1})][tool:]")]
    [InlineData(
        """[{"role":"user","content":[{"type":"document","title":"Notes","source":{"type":"text","media_type":"text/plain","data":"Heron"}},{"type":"text","text":"Hi"}]}]""",
        null,
        "[user:Notes\nHeron\n\nHi]")]
    [InlineData(
        """[{"role":"user","content":[{"type":"document","source":{"type":"content","content":[{"type":"text","text":"Heron"}]}}]}]""", null, "[user:Heron]")]
    [InlineData(
        """[{"role":"user","content":[{"type":"search_result","title":"Birds","source":"http://x","content":[{"type":"text","text":"Heron"}]}]}]""",
        null,
        "[user:Birds\nhttp://x\nHeron]")]
    public async Task Messages_become_the_turns_of_a_conversation(string messages, string? system, string prompt)
    {
        await using PromptServer server = await PromptServer.StartAsync("", null, "Yes");

        (HttpStatusCode status, string body, string ignored) = await PostAsync(server, $$"""{"model":"m","max_tokens":9,"messages":{{messages}}{{(system is null ? "" : $",\"system\":{system}")}}}""");

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        server.Prompts.Should().ContainSingle().Which.Should().Be(prompt);
        ignored.Should().BeEmpty();
    }

    [Fact]
    public async Task Thinking_that_is_sent_back_is_the_reasoning_of_its_message()
    {
        await using PromptServer server = await PromptServer.StartAsync(
            "TEMPLATE=\"{% for m in messages %}[{{ m.role }}:{{ m.reasoning_content or '' }}/{{ m.content }}]{% endfor %}\"\n", null, "Yes");

        await PostAsync(server, """{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"x"},{"type":"text","text":"Yes"}]},{"role":"user","content":"So?"}]}""");

        server.Prompts.Should().ContainSingle().Which.Should().Be("[user:/Hi][assistant:hm/Yes][user:/So?]");
    }

    [Fact]
    public async Task The_answer_continues_a_message_of_the_assistant_at_the_end()
    {
        await using PromptServer server = await PromptServer.StartAsync("TEMPLATE=\"{% for m in messages %}<{{ m.role }}>{{ m.content }}<end>{% endfor %}\"\n", null, "Yes");

        await PostAsync(server, """{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"The answer is"}]}""");

        server.Prompts.Should().ContainSingle().Which.Should().Be("<user>Hi<end><assistant>The answer is");
    }

    [Fact]
    public async Task Content_of_older_turns_that_the_model_cannot_read_is_left_out_and_named()
    {
        await using PromptServer server = await PromptServer.StartAsync("", null, "Yes");

        (HttpStatusCode status, _, string ignored) = await PostAsync(server, """
            {"model":"m","max_tokens":9,"messages":[
              {"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}},{"type":"text","text":"Hi"}]},
              {"role":"assistant","content":[{"type":"server_tool_use","id":"s1","name":"web_search","input":{}},{"type":"text","text":"Yes"}]},
              {"role":"user","content":"So?"}]}
            """);

        status.Should().Be(HttpStatusCode.OK);
        server.Prompts.Should().ContainSingle().Which.Should().Be("[user:Hi][assistant:Yes][user:So?]");
        ignored.Split(", ").Should().BeEquivalentTo("messages.server_tool_use", "image");
    }

    [Theory]
    [InlineData("""[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}}]""", "messages[0].content[0] must be a block of type text; this model takes no image.")]
    [InlineData("""[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"AA=="}}]""", "messages[0].content[0] must be a block of type text; this model takes no document without a text.")]
    [InlineData("""[{"type":"tool_result","tool_use_id":"c","content":[{"type":"image","source":{}}]}]""", "messages[0].content[0].content[0] must be a block of type text; this model takes no image.")]
    [InlineData("""[{"type":"text"}]""", "messages[0].content[0].text is missing.")]
    [InlineData("""[{"text":"Hi"}]""", "messages[0].content[0] must be an object with a type.")]
    [InlineData("""["Hi"]""", "messages[0].content[0] must be an object with a type.")]
    [InlineData("""[{"type":"tool_result","content":"1"}]""", "messages[0].content[0].tool_use_id is missing.")]
    [InlineData("""7""", "messages[0].content must be a string or an array of blocks.")]
    [InlineData("""null""", "messages[0].content is missing.")]
    public async Task Content_that_cannot_be_read_is_refused_in_words(string content, string message)
    {
        await using PromptServer server = await PromptServer.StartAsync("", null, "Yes");

        (HttpStatusCode status, string body, _) = await PostAsync(server, $$"""{"model":"m","max_tokens":9,"messages":[{"role":"user","content":{{content}}}]}""");

        status.Should().Be(HttpStatusCode.BadRequest);
        PromptServer.Json(body).GetProperty("error").GetProperty("message").GetString().Should().Be(message);
        server.Prompts.Should().BeEmpty();
    }

    [Theory]
    [InlineData("""[{"name":"add","input_schema":{"type":"object"}}]""", null, "<tool_call>add ", "")]
    [InlineData("""[{"name":"add","type":"custom"}]""", """{"type":"auto","disable_parallel_tool_use":true}""", "<tool_call>add ", "")]
    [InlineData("""[{"name":"add"}]""", """{"type":"none"}""", "", "")]
    [InlineData("""[{"name":"add"},{"type":"web_search_20250305","name":"web_search"}]""", null, "<tool_call>add ", "tools.web_search_20250305")]
    [InlineData("""[{"type":"web_search_20250305","name":"web_search"}]""", """{"type":"any"}""", "", "tools.web_search_20250305, tool_choice")]
    public async Task The_model_sees_the_tools_that_the_client_runs(string tools, string? choice, string shown, string ignored)
    {
        await using PromptServer server = await PromptServer.StartAsync("", null, "Yes");

        (HttpStatusCode status, string body, string header) = await PostAsync(
            server, $$"""{"model":"m","max_tokens":9,"messages":[{{Hi}}],"tools":{{tools}}{{(choice is null ? "" : $",\"tool_choice\":{choice}")}}}""");

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        server.Prompts.Should().ContainSingle().Which.Should().Be("[user:Hi]" + shown);
        header.Should().Be(ignored);
    }

    private static Task<(HttpStatusCode Status, string Body, string Ignored)> PostAsync(PromptServer server, string body) => server.PostAsync("/v1/messages", body);
}
