using System.Net;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.Common;

/// <summary>Input that real clients send, and that other servers accept.</summary>
public sealed class ClientInputTests
{
    private const string Hi = "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"User","content":"Hi"},{"role":"ASSISTANT","content":"Yes"},{"role":"uSER","content":"Go"}]}""", "[user:Hi][assistant:Yes][user:Go]")]
    [InlineData("/api/chat", """{"model":"m","messages":[{"role":"System","content":"S"},{"role":"User","content":"Hi"}]}""", "[system:S][user:Hi]")]
    [InlineData("/api/chat", """{"model":"m","messages":[{"role":"developer","content":"S"},{"role":"user","content":"Hi"}]}""", "[system:S][user:Hi]")]
    [InlineData("/api/chat", """{"model":"m","messages":[{"role":"user","content":"Hi"},{"role":"function","content":"r"}]}""", "[user:Hi][tool:r]")]
    [InlineData("/v1/responses", """{"model":"m","input":[{"role":"Developer","content":"S"},{"role":"User","content":"Hi"}]}""", "[system:S][user:Hi]")]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"Yes"},{"type":"refusal","refusal":"No"}]},{"role":"user","content":"Hi"}]}""", "[assistant:Yes][user:Hi]")]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"assistant","content":[{"type":"refusal","refusal":"No"}]},{"role":"user","content":"Hi"}]}""", "[assistant:][user:Hi]")]
    [InlineData("/api/chat", """{"model":"m","messages":[{"role":"assistant","content":[{"type":"redacted_thinking","data":"x"},{"type":"text","text":"Yes"}]},{"role":"user","content":"Hi"}]}""", "[assistant:Yes][user:Hi]")]
    [InlineData("/v1/responses", """{"model":"m","input":[{"role":"assistant","content":[{"type":"output_text","text":"Yes"},{"type":"refusal","refusal":"No"}]},{"role":"user","content":"Hi"}]}""", "[assistant:Yes][user:Hi]")]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{\"a\":1}"}},{"role":"function","name":"f","content":"r"}]}""", """[user:Hi][assistant:(f {"a": 1})][tool:r]""")]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":null,"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":null}]}""", """[user:Hi][assistant:(f {})][tool:]""")]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"Hi"},{"role":"tool","tool_call_id":"c"}]}""", "[user:Hi][tool:]")]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"Hi"},{"role":"tool","content":{"degrees": 11, "x":[1]}}]}""", """[user:Hi][tool:{"degrees": 11, "x":[1]}]""")]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"Hi"},{"role":"tool","content":[{"degrees": 11}]}]}""", """[user:Hi][tool:[{"degrees": 11}]]""")]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"Hi"},{"role":"tool","content":11}]}""", "[user:Hi][tool:11]")]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":[{"text":"Hi"},{"type":"text","text":" you"}]}]}""", "[user:Hi you]")]
    [InlineData("/api/chat", """{"model":"m","messages":[{"role":"user","content":"Hi"},{"role":"tool","content":{"degrees":11}}]}""", """[user:Hi][tool:{"degrees":11}]""")]
    [InlineData("/v1/responses", """{"model":"m","input":[{"role":"user","content":"Hi"},{"type":"function_call_output","call_id":"c","output":null}]}""", "[user:Hi][tool:]")]
    [InlineData("/v1/responses", """{"model":"m","input":[{"role":"user","content":"Hi"},{"type":"function_call_output","call_id":"c"}]}""", "[user:Hi][tool:]")]
    [InlineData("/v1/responses", """{"model":"m","input":[{"role":"user","content":"Hi"},{"type":"function_call_output","call_id":"c","output":{"degrees":11}}]}""", """[user:Hi][tool:{"degrees":11}]""")]
    [InlineData("/v1/responses", """{"model":"m","input":[{"role":"user","content":[{"text":"Hi"}]}]}""", "[user:Hi]")]
    public async Task Roles_and_parts_are_read_as_other_servers_read_them(string path, string request, string prompt)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "x");

        (HttpStatusCode status, string body, string ignored) = await server.PostAsync(path, request);

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        server.Prompts.Should().Equal(prompt);
        ignored.Should().BeEmpty();
    }

    [Theory]
    [InlineData("/v1/chat/completions", $$$"""{"model":"m",{{{Hi}}},"top_k":-1}""")]
    [InlineData("/v1/completions", """{"model":"m","prompt":"Hi","top_k":-1}""")]
    [InlineData("/v1/responses", """{"model":"m","input":"Hi","top_k":-1}""")]
    [InlineData("/api/chat", $$$"""{"model":"m",{{{Hi}}},"options":{"top_k":-1}}""")]
    [InlineData("/api/generate", """{"model":"m","prompt":"Hi","options":{"top_k":-1}}""")]
    public async Task Top_k_minus_1_is_off(string path, string request)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "x");

        (await server.PostAsync(path, request)).Status.Should().Be(HttpStatusCode.OK);
        (await server.PostAsync(path, request.Replace("-1", "-2", StringComparison.Ordinal))).Status.Should().Be(HttpStatusCode.BadRequest);
    }

    [Theory]
    [InlineData("""{"model":"m","messages":[{"role":"user"}]}""", "messages[0].content is missing")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":null}]}""", "messages[0].content is missing")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":5}]}""", "messages[0].content must be a string")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":{"city":"Oslo"}}]}""", "messages[0].content must be a string")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":[{"type":1,"text":"Hi"}]}]}""", "messages[0].content[0].type must be a string")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":[{"city":"Oslo"}]}]}""", "messages[0].content[0] must be a part of type text")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":[{"image_url":{"url":"x"}}]}]}""", "messages[0].content[0] must be a part of type text")]
    [InlineData("""{"model":"m","messages":[{"role":"tool","content":[{"type":"image_url"}]}]}""", "messages[0].content[0] must be a part of type text")]
    public async Task Content_that_is_no_text_is_refused(string request, string reason)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "x");

        (HttpStatusCode status, string body, _) = await server.PostAsync("/v1/chat/completions", request);

        (status, body).Should().Match<(HttpStatusCode Status, string Body)>(answer => answer.Status == HttpStatusCode.BadRequest && answer.Body.Contains(reason));
    }

    [Theory]
    [InlineData("/v1/chat/completions", $$$"""{"model":"m",{{{Hi}}},"top_k":100001}""")]
    [InlineData("/v1/responses", """{"model":"m","input":"Hi","top_k":2147483647}""")]
    [InlineData("/api/generate", """{"model":"m","prompt":"Hi","options":{"top_k":1000000}}""")]
    [InlineData("/v1/chat/completions", $$$"""{"model":"m",{{{Hi}}},"reasoning_effort":""}""")]
    [InlineData("/v1/chat/completions", $$$"""{"model":"m",{{{Hi}}},"reasoning_effort":"default"}""")]
    [InlineData("/v1/responses", """{"model":"m","input":"Hi","reasoning":{"effort":"default"}}""")]
    public async Task Values_of_other_servers_are_accepted(string path, string request)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "x");

        (HttpStatusCode status, string body, string ignored) = await server.PostAsync(path, request);

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        ignored.Should().NotContain("reasoning");
    }

    [Theory]
    [InlineData("/v1/chat/completions", $$$"""{"model":"m",{{{Hi}}},"modalities":["text","audio"],"audio":{"voice":"x"}}""", "modalities")]
    [InlineData("/v1/chat/completions", $$$"""{"model":"m",{{{Hi}}},"modalities":["image"]}""", "modalities")]
    [InlineData("/v1/completions", """{"model":"m","prompt":"Hi","modalities":["audio"]}""", "modalities")]
    [InlineData("/v1/chat/completions", $$$"""{"model":"m",{{{Hi}}},"modalities":["text"]}""", null)]
    public async Task Other_types_of_output_are_ignored(string path, string request, string? expected)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "x");

        (HttpStatusCode status, string body, string ignored) = await server.PostAsync(path, request);

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        ignored.Contains("modalities", StringComparison.Ordinal).Should().Be(expected is not null);
    }

    [Theory]
    [InlineData("any", HttpStatusCode.UnprocessableEntity)]
    [InlineData("auto", HttpStatusCode.OK)]
    [InlineData("ANYTHING", HttpStatusCode.BadRequest)]
    public async Task The_tool_choice_any_is_required(string choice, HttpStatusCode expected)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "x");
        string request = $$$"""{"model":"m",{{{Hi}}},"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"{{{choice}}}"}""";

        (HttpStatusCode status, string body, _) = await server.PostAsync("/v1/chat/completions", request);

        status.Should().Be(expected, "{0}", body);
    }

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/api/chat")]
    public async Task A_model_whose_file_is_missing_is_an_error_of_the_request(string path)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "x");
        server.Server.AddModel("gone", "FROM=\"gone.rkllm\"\n");

        (HttpStatusCode status, string body, _) = await server.PostAsync(path, $$$"""{"model":"gone",{{{Hi}}}}""");

        status.Should().Be(HttpStatusCode.BadRequest);
        body.Should().Contain("gone.rkllm");
    }

    [Fact]
    public async Task Top_k_minus_1_in_a_Modelfile_is_off()
    {
        await using PromptServer server = await PromptServer.StartAsync("TOP_K=-1\n", tokens: "x");

        (HttpStatusCode status, _, _) = await server.PostAsync("/v1/chat/completions", $$$"""{"model":"m",{{{Hi}}}}""");

        status.Should().Be(HttpStatusCode.OK);
        server.Server.Engine.Sessions.Single().Model.Sampling.TopK.Should().Be(SamplingParameters.AllTokens);
    }

    [Theory]
    [InlineData("/v1/chat/completions", $$$"""{"model":"m",{{{Hi}}},"stop":[*]}""")]
    [InlineData("/v1/completions", """{"model":"m","prompt":"Hi","stop":[*]}""")]
    [InlineData("/api/chat", $$$"""{"model":"m",{{{Hi}}},"options":{"stop":[*]}}""")]
    [InlineData("/api/generate", """{"model":"m","prompt":"Hi","options":{"stop":[*]}}""")]
    public async Task Up_to_64_stop_strings_are_allowed(string path, string request)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: ["a", "s63b", "c"]);

        (HttpStatusCode status, string body, _) = await server.PostAsync(path, request.Replace("*", Stops(64), StringComparison.Ordinal));
        (HttpStatusCode tooMany, string error, _) = await server.PostAsync(path, request.Replace("*", Stops(65), StringComparison.Ordinal));

        status.Should().Be(HttpStatusCode.OK);
        body.Should().NotContain("s63");
        tooMany.Should().Be(HttpStatusCode.BadRequest);
        error.Should().Contain("stop must be at most 64 strings");

        static string Stops(int count) => string.Join(',', Enumerable.Range(0, count).Select(static number => $"\"s{number}b\""));
    }

    [Theory]
    [InlineData("/v1/chat/completions", $$$"""{{{{Hi}}}}""")]
    [InlineData("/v1/chat/completions", $$$"""{"model":"",{{{Hi}}},"stream":true}""")]
    [InlineData("/v1/completions", """{"prompt":"Hi"}""")]
    [InlineData("/v1/responses", """{"input":"Hi"}""")]
    [InlineData("/v1/responses/input_tokens", """{"input":"Hi"}""")]
    [InlineData("/v1/embeddings", """{"input":"Hi","model":null}""")]
    public async Task A_request_without_model_is_answered_by_the_loaded_model(string path, string request)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "x");

        (HttpStatusCode none, string error, _) = await server.PostAsync(path, request);
        (await server.Server.PostAsync("/load_model", """{"model_name":"m"}""")).Dispose();
        (HttpStatusCode loaded, string body, _) = await server.PostAsync(path, request);

        none.Should().Be(HttpStatusCode.BadRequest);
        PromptServer.Json(error).GetProperty("error").GetProperty("param").GetString().Should().Be("model");
        loaded.Should().Be(HttpStatusCode.OK, "{0}", body);
        if (!path.EndsWith("input_tokens", StringComparison.Ordinal))
            body.Should().Contain("\"model\":\"m\"");
    }

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"See"},{"type":"image_url","image_url":{"url":"data:x"}}]},{"role":"assistant","content":"ok"},{"role":"user","content":"Hi"}]}""", "image_url")]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"See"},{"type":"input_audio","input_audio":{}},{"type":"file"}]},{"role":"assistant","content":"ok"},{"role":"user","content":"Hi"}],"stream":true}""", "file, input_audio")]
    [InlineData("/v1/responses", """{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"See"},{"type":"input_image","image_url":"data:x"}]},{"role":"assistant","content":"ok"},{"role":"user","content":"Hi"}]}""", "input_image")]
    [InlineData("/api/chat", """{"model":"m","messages":[{"role":"user","content":"See","images":["AA=="]},{"role":"assistant","content":"ok"},{"role":"User","content":"Hi"}]}""", "images")]
    public async Task A_picture_in_an_older_turn_is_left_out_and_named(string path, string request, string named)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "x");

        (HttpStatusCode status, string body, string ignored) = await server.PostAsync(path, request);

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        server.Prompts.Should().Equal("[user:See][assistant:ok][user:Hi]");
        ignored.Should().Be(named);
    }

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"a"},{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:x"}}]}]}""")]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:x"}}]},{"role":"assistant","content":"ok"}]}""")]
    [InlineData("/v1/responses", """{"model":"m","input":[{"role":"user","content":[{"type":"input_image"}]}]}""")]
    [InlineData("/api/chat", """{"model":"m","messages":[{"role":"user","content":"See","images":["AA=="]}]}""")]
    public async Task A_picture_in_the_newest_turn_is_refused(string path, string request)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "x");

        (await server.PostAsync(path, request)).Status.Should().Be(HttpStatusCode.BadRequest);
        server.Prompts.Should().BeEmpty();
    }

    [Theory]
    [InlineData("/v1/chat/completions", $$$"""{"model":"m",{{{Hi}}},"grammar":"root ::= x","guided_choice":["a"],"audio":{"voice":"x"},"web_search_options":{"a":1},"options":{"num_ctx":1}}""", "grammar, guided_choice, audio, web_search_options, options")]
    [InlineData("/v1/chat/completions", $$$"""{"model":"m",{{{Hi}}},"user":"u","metadata":{"a":"b"},"grammar":"","store":false,"guided_regex":null,"unset":[],"service_tier":"auto"}""", "")]
    [InlineData("/v1/chat/completions", $$$"""{"model":"m",{{{Hi}}},"a b":1,"x\ny":1,"ö":1,"seed":1}""", "seed")]
    [InlineData("/v1/completions", """{"model":"m","prompt":"Hi","guided_json":{"type":"object"},"json_schema":{"type":"object"}}""", "guided_json, json_schema")]
    [InlineData("/v1/responses", """{"model":"m","input":"Hi","truncation":"auto","store":true}""", "truncation, store")]
    [InlineData("/v1/embeddings", """{"model":"m","input":"Hi","input_type":"query","user":"u"}""", "input_type")]
    [InlineData("/api/chat", $$$"""{"model":"m",{{{Hi}}},"grammar":"x","options":{"num_ctx":77,"tfs_z":0.5,"num_gpu":1}}""", "tfs_z, num_ctx, grammar")]
    [InlineData("/api/generate", """{"model":"m","prompt":"Hi","options":{"num_ctx":4096},"logprobs":true,"CustomHeaders":{}}""", "logprobs")]
    [InlineData("/api/embed", """{"model":"m","input":"Hi","options":{"num_ctx":1}}""", "options")]
    public async Task Fields_of_other_servers_are_named_in_the_header(string path, string request, string expected)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "x");

        (HttpStatusCode status, string body, string ignored) = await server.PostAsync(path, request);

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        ignored.Should().Be(expected);
    }

    [Fact]
    public async Task The_header_has_a_bounded_number_of_names()
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "x");
        string fields = string.Join(',', Enumerable.Range(0, 5000).Select(static number => $"\"field{number}\":1"));

        (HttpStatusCode status, _, string ignored) = await server.PostAsync("/v1/chat/completions", $$$"""{"model":"m",{{{Hi}}},{{{fields}}}}""");

        status.Should().Be(HttpStatusCode.OK);
        ignored.Split(", ").Should().HaveCount(32);
    }

    [Theory]
    [InlineData("repetition_penalty", "repeat_penalty")]
    [InlineData("repeat_penalty", "repeat_penalty")]
    public async Task Repetition_penalty_is_an_alias(string field, string named)
    {
        // The fake runtime fixes the sampling values when it loads a model, so the header names the value.
        await using PromptServer server = await PromptServer.StartAsync(tokens: "x");

        (_, _, string ignored) = await server.PostAsync("/v1/chat/completions", $$$"""{"model":"m",{{{Hi}}},"{{{field}}}":1.9}""");

        ignored.Should().Be(named);
    }

    [Theory]
    [InlineData("\"guided_json\":{\"type\":\"object\",\"required\":[\"a\"]}")]
    [InlineData("\"guided_json\":\"{\\\"type\\\":\\\"object\\\",\\\"required\\\":[\\\"a\\\"]}\"")]
    [InlineData("\"json_schema\":{\"type\":\"object\",\"required\":[\"a\"]}")]
    [InlineData("\"response_format\":{\"type\":\"json_object\",\"schema\":{\"type\":\"object\",\"required\":[\"a\"]}}")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\",\"schema\":{\"type\":\"object\",\"required\":[\"a\"]}}")]
    public async Task Schemas_in_the_form_of_other_servers_are_enforced(string field)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "{\"b\":1}");

        (HttpStatusCode status, string body, string ignored) = await server.PostAsync("/v1/chat/completions", $$$"""{"model":"m",{{{Hi}}},{{{field}}}}""");

        status.Should().Be(HttpStatusCode.UnprocessableEntity, "{0}", body);
        server.Prompts.Should().HaveCount(2);
        server.Prompts[0].Should().Contain("\"required\":[\"a\"]");
        ignored.Should().BeEmpty();
    }

    [Theory]
    [InlineData("""{"type":"string","enum":["red","blue"]}""")]
    [InlineData("""{"type":"boolean"}""")]
    [InlineData("""{"type":"integer","minimum":1}""")]
    public async Task A_schema_may_have_a_scalar_root(string schema)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "x");

        (HttpStatusCode ollama, _, _) = await server.PostAsync("/api/chat", "{\"model\":\"m\"," + Hi + ",\"format\":" + schema + "}");
        (HttpStatusCode openAi, _, _) = await server.PostAsync(
            "/v1/chat/completions", "{\"model\":\"m\"," + Hi + ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"strict\":true,\"schema\":" + schema + "}}}");

        new[] { ollama, openAi }.Should().NotContain(HttpStatusCode.BadRequest);
        server.Prompts.Should().NotBeEmpty().And.OnlyContain(prompt => prompt.Contains(schema, StringComparison.Ordinal));
    }
}
