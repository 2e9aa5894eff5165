using System.Net;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.FieldReports;

/// <summary>Requests of real clients that the server refused or answered in a wrong way. Each row has the id of a report in the table of field reports.</summary>
public sealed class ReportedRequestTests
{
    private const string Hi = "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";
    private const string Chat = "/v1/chat/completions";
    private const string Seventeen = "\"0\",\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\",\"12\",\"13\",\"14\",\"15\",\"16\"";
    private const string Function = "{\"type\":\"function\",\"name\":\"f\",\"parameters\":{\"type\":\"object\"}}";

    /// <summary>The id, the path, the request, the prompts of the model, and the fields that the header names. The model answers "ok".</summary>
    public static TheoryData<string, string, string, string, string> Answered => new()
    {
        // Values that mean "off". The fake runtime has fixed values, so the header names the field.
        { "A08", "/api/chat", $$$"""{"model":"m",{{{Hi}}},"options":{"top_k":-1}}""", "[user:Hi]", "top_k" },
        { "A08", Chat, $$$"""{"model":"m",{{{Hi}}},"top_k":-1}""", "[user:Hi]", "top_k" },
        { "A08", "/v1/responses", """{"model":"m","input":"Hi","top_k":-1}""", "[user:Hi]", "top_k" },

        // Paths.
        { "A22", "//v1/chat/completions", $$$"""{"model":"m",{{{Hi}}}}""", "[user:Hi]", "" },
        { "A22", "/v1//chat/completions", $$$"""{"model":"m",{{{Hi}}}}""", "[user:Hi]", "" },
        { "A22", "//api//chat", $$$"""{"model":"m",{{{Hi}}}}""", "[user:Hi]", "" },
        { "A23", "/chat/completions", $$$"""{"model":"m",{{{Hi}}}}""", "[user:Hi]", "" },
        { "A23", "/v1/v1/chat/completions", $$$"""{"model":"m",{{{Hi}}}}""", "[user:Hi]", "" },
        { "A23", "/responses", """{"model":"m","input":"Hi"}""", "[user:Hi]", "" },

        // Many stop strings.
        { "A26", Chat, $$$"""{"model":"m",{{{Hi}}},"stop":[{{{Seventeen}}}]}""", "[user:Hi]", "" },
        { "A26", "/v1/completions", $$$"""{"model":"m","prompt":"Hi","stop":[{{{Seventeen}}}]}""", "Hi", "" },
        { "A26", "/api/chat", $$$"""{"model":"m",{{{Hi}}},"options":{"stop":[{{{Seventeen}}}]}}""", "[user:Hi]", "" },

        // Parts and roles.
        { "A29", Chat, """{"model":"m","messages":[{"role":"assistant","content":[{"type":"refusal","refusal":"No"},{"type":"text","text":"Yes"}]},{"role":"user","content":"Hi"}]}""", "[assistant:Yes][user:Hi]", "" },
        { "A29", "/api/chat", """{"model":"m","messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"Yes"}]},{"role":"user","content":"Hi"}]}""", "[assistant:Yes][user:Hi]", "" },
        { "A29", "/v1/responses", """{"model":"m","input":[{"role":"assistant","content":[{"type":"output_text","text":"Yes"},{"type":"refusal","refusal":"No"}]},{"role":"user","content":"Hi"}]}""", "[assistant:Yes][user:Hi]", "" },
        { "A30", "/api/chat", """{"model":"m","messages":[{"role":"User","content":"Hi"}]}""", "[user:Hi]", "" },
        { "A30", Chat, """{"model":"m","messages":[{"role":"SYSTEM","content":"S"},{"role":"uSER","content":"Hi"}]}""", "[system:S][user:Hi]", "" },
        { "A30", "/v1/responses", """{"model":"m","input":[{"role":"Developer","content":"S"},{"role":"User","content":"Hi"}]}""", "[system:S][user:Hi]", "" },

        // Fields that other servers know.
        { "A40", Chat, $$$"""{"model":"m",{{{Hi}}},"grammar":"root ::= x"}""", "[user:Hi]", "grammar" },
        { "A40", Chat, $$$"""{"model":"m",{{{Hi}}},"functions":[{"name":"f"}],"function_call":"auto"}""", "[user:Hi]<tool_call>f ", "" },
        { "A40", "/v1/completions", """{"model":"m","prompt":"Hi","guided_regex":"a+"}""", "Hi", "guided_regex" },
        { "C05", Chat, $$$"""{"model":"m",{{{Hi}}},"audio":{"voice":"x"},"web_search_options":{"a":1}}""", "[user:Hi]", "audio, web_search_options" },
        { "C05", "/api/chat", $$$"""{"model":"m",{{{Hi}}},"options":{"num_ctx":77}}""", "[user:Hi]", "num_ctx" },
        { "C05", "/v1/completions", """{"model":"m","prompt":"Hi","options":{"a":1}}""", "Hi", "options" },

        // Tools that the server does not run, and items that it does not know.
        { "A36", "/v1/responses", $$$"""{"model":"m","input":"Hi","tools":[{"type":"web_search"},{{{Function}}}]}""", "[user:Hi]<tool_call>f ", "tools.web_search" },
        { "A36", "/v1/responses", $$$"""{"model":"m","input":"Hi","tools":[{"type":"local_shell"},{{{Function}}}]}""", "[user:Hi]<tool_call>f ", "tools.local_shell" },
        { "A36", "/v1/responses", """{"model":"m","input":"Hi","tools":[{"type":"custom","name":"patch"}]}""", "[user:Hi]<tool_call>patch ", "" },
        { "C03", "/v1/responses", """{"model":"m","input":[{"role":"user","content":"Hi"},{"type":"item_reference","id":"x"}]}""", "[user:Hi]", "input.item_reference" },
        { "C03", "/v1/responses", """{"model":"m","input":[{"role":"user","content":"Hi"},{"type":"local_shell_call","call_id":"c","action":{"type":"exec","command":["ls"]}}]}""", "[user:Hi]", "input.local_shell_call" },
        { "C03", "/v1/responses", $$$"""{"model":"m","input":"Hi","tools":[{{{Function}}},{"type":"function","name":"g"}],"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"g"}]}}""", "[user:Hi]<tool_call>g ", "" },

        // Several prompts, token ids, pictures in older turns.
        { "C07", "/v1/completions", """{"model":"m","prompt":["one","two"]}""", "one|two", "" },
        { "C07", "/v1/completions", """{"model":"m","prompt":["one"]}""", "one", "" },
        { "C07", "/v1/completions", """{"model":"m","prompt":["one","two","three"],"max_tokens":2}""", "one|two|three", "" },
        { "C09", Chat, """{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"See"},{"type":"image_url","image_url":{"url":"data:x"}}]},{"role":"assistant","content":"a"},{"role":"user","content":"Hi"}]}""", "[user:See][assistant:a][user:Hi]", "image_url" },
        { "C09", "/api/chat", """{"model":"m","messages":[{"role":"user","content":"See","images":["AA=="]},{"role":"assistant","content":"a"},{"role":"user","content":"Hi"}]}""", "[user:See][assistant:a][user:Hi]", "images" },
        { "C09", "/v1/responses", """{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"See"},{"type":"input_image","image_url":"data:x"}]},{"role":"assistant","content":"a"},{"role":"user","content":"Hi"}]}""", "[user:See][assistant:a][user:Hi]", "input_image" },
    };

    [Theory]
    [MemberData(nameof(Answered))]
    public async Task The_request_of_a_report_is_answered_whole_and_streamed(string id, string path, string request, string prompts, string ignored)
    {
        foreach (string stream in (string[])["false", "true"])
        {
            await using PromptServer server = await PromptServer.StartAsync(tokens: ["o", "k"]);

            (HttpStatusCode status, string body, string named) = await server.PostAsync(path, request.Replace("{\"model\":\"m\",", $"{{\"model\":\"m\",\"stream\":{stream},", StringComparison.Ordinal));

            (status, named).Should().Be((HttpStatusCode.OK, ignored), "{0}: {1}", id, body);
            string.Join('|', server.Prompts).Should().Be(prompts, id);
            body.Should().Contain(stream == "true" ? "k" : "ok", id);
        }
    }

    [Theory]
    [InlineData("A09", "/api/embed", """{"model":"m","input":""}""", HttpStatusCode.OK)]
    [InlineData("A09", "/api/embed", """{"model":"m","input":["","ab"]}""", HttpStatusCode.BadRequest)]
    [InlineData("A09", "/v1/embeddings", """{"model":"m","input":""}""", HttpStatusCode.BadRequest)]
    [InlineData("A10", "/api/embed", """{"model":"m","input":""}""", HttpStatusCode.OK)]
    [InlineData("A10", "/api/embed", """{"model":"m","input":["",""]}""", HttpStatusCode.BadRequest)]
    [InlineData("A10", "/api/embeddings", """{"model":"m","prompt":""}""", HttpStatusCode.OK)]
    [InlineData("A11", Chat, """{"model":"m","messages":[{"role":"user","content":""}]}""", HttpStatusCode.BadRequest)]
    [InlineData("A11", "/api/chat", """{"model":"m","messages":[{"role":"user","content":" \n"}]}""", HttpStatusCode.BadRequest)]
    [InlineData("A11", "/v1/responses", """{"model":"m","input":""}""", HttpStatusCode.BadRequest)]
    [InlineData("C01", "/v1/embeddings", """{"model":"m","input":["ab",""]}""", HttpStatusCode.BadRequest)]
    [InlineData("C01", "/v1/completions", """{"model":"m","prompt":" \n "}""", HttpStatusCode.BadRequest)]
    [InlineData("C01", "/v1/embeddings", """{"model":"m","input":"   "}""", HttpStatusCode.BadRequest)]
    public async Task An_input_without_tokens_never_reaches_the_runtime_and_costs_no_other_request(string id, string path, string request, HttpStatusCode expected)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokenizer: PromptServer.StrippingTokenizer, tokens: "x");
        server.Server.AddModel("m", "FROM=\"m.rkllm\"\nTEMPLATE=\"{{ messages[0].content }}\"\n");

        for (int i = 0; i < 6; i++)
            (await server.PostAsync(path, request)).Status.Should().Be(expected, id);
        server.Prompts.Should().BeEmpty(id);
        (HttpStatusCode next, string body, _) = await server.PostAsync("/api/embed", """{"model":"m","input":"ab"}""");

        next.Should().Be(HttpStatusCode.OK, "{0}: {1}", id, body);
        server.Server.Engine.Sessions.Should().ContainSingle(id);
    }

    [Theory]
    [InlineData("A32", """{"type":"string","enum":["red","blue"]}""", "red", "red")]
    [InlineData("A32", """{"type":"boolean"}""", "true", "true")]
    [InlineData("A32", """{"type":"integer"}""", "It is 42.", "42")]
    public async Task A_schema_with_a_scalar_root_is_answered(string id, string schema, string model, string answer)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: model);

        (HttpStatusCode ollama, string own, _) = await server.PostAsync("/api/chat", $$$"""{"model":"m",{{{Hi}}},"stream":false,"format":{{{schema}}}}""");
        (HttpStatusCode openAi, string other, _) = await server.PostAsync(
            Chat, $$$"""{"model":"m",{{{Hi}}},"response_format":{"type":"json_schema","json_schema":{"name":"x","strict":true,"schema":{{{schema}}} } } }""");

        (ollama, openAi).Should().Be((HttpStatusCode.OK, HttpStatusCode.OK), id);
        PromptServer.Json(own).GetProperty("message").GetProperty("content").GetString()!.Trim('"').Should().Be(answer, id);
        PromptServer.Json(other).GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!.Trim('"').Should().Be(answer, id);
    }

    [Theory]
    [InlineData("A14", "/api/chat", "\"think\":false", "think")]
    [InlineData("A14", Chat, "\"chat_template_kwargs\":{\"enable_thinking\":false}", "chat_template_kwargs.enable_thinking")]
    [InlineData("A14", Chat, "\"reasoning_effort\":\"none\"", "reasoning_effort")]
    [InlineData("A21", Chat, "\"chat_template_kwargs\":{\"style\":\"x\"}", "chat_template_kwargs.style")]
    public async Task Switches_of_the_template_that_have_no_effect_are_named(string id, string path, string field, string named)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "x");
        server.Server.AddModel("plain");

        (HttpStatusCode status, string body, string ignored) = await server.PostAsync(path, $$$"""{"model":"plain",{{{Hi}}},{{{field}}}}""");

        (status, ignored).Should().Be((HttpStatusCode.OK, named), "{0}: {1}", id, body);
    }
}
