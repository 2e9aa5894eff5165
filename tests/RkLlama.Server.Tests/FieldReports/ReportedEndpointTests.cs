using System.Net;
using System.Text.Json;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.FieldReports;

/// <summary>Endpoints that clients of other servers use. Each row has the id of a report in the table of field reports.</summary>
public sealed class ReportedEndpointTests
{
    [Theory]
    [InlineData("A41", "POOLING=\"mean\"\n", "embedding")]
    [InlineData("A41", "POOLING=\"last\"\nTEMPLATE=\"{{ tools }}<tool_call>\"\n", "embedding")]
    [InlineData("A41", "", "completion tools")]
    public async Task The_capabilities_are_those_of_the_model(string id, string modelfile, string expected)
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m", "FROM=\"m.rkllm\"\n" + modelfile);

        (_, JsonElement body) = await server.PostJsonAsync("/api/show", """{"model":"m"}""");

        string.Join(' ', body.GetProperty("capabilities").EnumerateArray().Select(static one => one.GetString())).Should().Be(expected, id);
    }

    [Theory]
    [InlineData("A50", "app://obsidian.md")]
    [InlineData("A50", "vscode-webview://1ab2")]
    [InlineData("A50", "tauri://localhost")]
    [InlineData("A50", "http://localhost")]
    [InlineData("A50", "http://127.0.0.1:5173")]
    public async Task Pages_of_the_users_own_machine_are_allowed(string id, string origin)
    {
        await using TestServer server = await TestServer.StartAsync();
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri("/api/tags", UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Origin", origin);

        using HttpResponseMessage response = await server.Client.SendAsync(request);

        response.StatusCode.Should().Be(HttpStatusCode.OK, id);
        response.Headers.GetValues("Access-Control-Allow-Origin").Should().Equal([origin], id);
    }

    /// <summary>Endpoints that the server does not have, or that need something that this model lacks, say so.</summary>
    [Theory]
    [InlineData("A52", "/v1/messages", """{"model":"m","messages":[{"role":"user","content":"Hi"}]}""", HttpStatusCode.OK, "end_turn")]
    [InlineData("A52", "/v1/messages/batches", """{"requests":[]}""", HttpStatusCode.NotFound, "/v1/messages/batches")]
    [InlineData("A52", "/v1/batches", """{"input_file_id":"x"}""", HttpStatusCode.NotFound, "/v1/batches")]
    [InlineData("A52", "/v1/files", """{"purpose":"batch"}""", HttpStatusCode.NotFound, "/v1/files")]
    [InlineData("A52", "/v1/images/generations", """{"prompt":"a cat"}""", HttpStatusCode.NotFound, "/v1/images/generations")]
    [InlineData("A52", "/v1/audio/speech", """{"input":"Hi"}""", HttpStatusCode.NotFound, "/v1/audio/speech")]
    [InlineData("A52", "/v1/rerank", """{"model":"m","query":"q","documents":["d"]}""", HttpStatusCode.BadRequest, "rerank")]
    [InlineData("A52", "/api/push", """{"model":"m"}""", HttpStatusCode.NotImplemented, "push")]
    [InlineData("A52", "/api/create", """{"model":"n","from":"m","stream":false}""", HttpStatusCode.OK, "success")]
    [InlineData("C06", "/api/pull", """{"model":"m","stream":false}""", HttpStatusCode.OK, """{"status":"success"}""")]
    [InlineData("C06", "/api/pull", """{"model":"m"}""", HttpStatusCode.OK, """{"status":"success"}""")]
    [InlineData("C06", "/api/pull", """{"name":"m:latest","stream":true}""", HttpStatusCode.OK, """{"status":"success"}""")]
    public async Task Endpoints_of_other_servers_are_answered_or_refused_with_a_reason(string id, string path, string request, HttpStatusCode expected, string text)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "x");

        (HttpStatusCode status, string body, _) = await server.PostAsync(path, request);

        status.Should().Be(expected, "{0}: {1}", id, body);
        body.Should().Contain(text, id);
    }

    [Theory]
    [InlineData("C02", "/api/tags")]
    [InlineData("C02", "/api/ps")]
    [InlineData("C02", "/v1/models")]
    public async Task A_name_with_a_tag_is_listed_as_it_is(string id, string path)
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync("llama3.2:1b");
        (await server.PostAsync("/api/copy", """{"source":"llama3.2:1b","destination":"x:v2"}""")).StatusCode.Should().Be(HttpStatusCode.OK, id);

        string body = (await server.GetJsonAsync(path)).Body.GetRawText();

        body.Should().Contain("\"llama3.2:1b\"").And.NotContain("1b:latest").And.NotContain("v2:latest", id);
    }

    [Theory]
    [InlineData("C04", """{"type":"custom","name":"patch"}""", "patch", "{\\\"input\\\": \\\"*** Begin\\\"}", "custom_tool_call", "\"input\":\"*** Begin\"")]
    [InlineData("C04", """{"type":"namespace","name":"box","tools":[{"type":"function","name":"f"}]}""", "f", "{\\\"a\\\": 1}", "function_call", "\"namespace\":\"box\"")]
    [InlineData("C04", """{"type":"namespace","name":"box","tools":[{"type":"custom","name":"patch"}]}""", "patch", "{\\\"input\\\": \\\"x\\\"}", "custom_tool_call", "\"namespace\":\"box\"")]
    public async Task A_custom_tool_and_a_namespace_are_answered_in_their_own_form(string id, string tool, string name, string arguments, string type, string text)
    {
        string call = $$"""<tool_call>{"name": "{{name}}", "arguments": {{arguments.Replace("\\\"", "\"", StringComparison.Ordinal)}}}</tool_call>""";
        await using PromptServer server = await PromptServer.StartAsync(tokens: call);

        (HttpStatusCode status, string body, _) = await server.PostAsync("/v1/responses", $$"""{"model":"m","input":"Hi","tools":[{{tool}}]}""");

        status.Should().Be(HttpStatusCode.OK, "{0}: {1}", id, body);
        body.Should().Contain($"\"type\":\"{type}\"").And.Contain(text, id);
    }

    [Theory]
    [InlineData("C08", "/v1/completions", "prompt", "[0,2,1]", "0 2 1")]
    [InlineData("C08", "/v1/embeddings", "input", "[0,2]", "0 2")]
    [InlineData("C08", "/v1/embeddings", "input", "[[1],[2,0]]", "1;2 0")]
    public async Task Token_ids_are_taken_as_they_are(string id, string path, string field, string ids, string expected)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokenizer: PromptServer.StrippingTokenizer, tokens: "x");

        (HttpStatusCode status, string body, _) = await server.PostAsync(path, $$"""{"model":"m","{{field}}":{{ids}}}""");

        status.Should().Be(HttpStatusCode.OK, "{0}: {1}", id, body);
        string.Join(';', server.Tokens.Select(static tokens => string.Join(' ', tokens))).Should().Be(expected, id);
    }

    [Theory]
    [InlineData("C10", """{"model":"m","input":"abab"}""", 2)]
    [InlineData("C10", """{"model":"m","input":[{"role":"user","content":"ab"}]}""", 1)]
    [InlineData("C10", """{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"aab"}]}]}""", 2)]
    public async Task The_tokens_of_an_input_are_counted(string id, string request, int expected)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokenizer: PromptServer.StrippingTokenizer, tokens: "x");
        server.Server.AddModel("m", "FROM=\"m.rkllm\"\nTEMPLATE=\"{{ messages[0].content }}\"\n");

        (HttpStatusCode status, string body, _) = await server.PostAsync("/v1/responses/input_tokens", request);

        status.Should().Be(HttpStatusCode.OK, "{0}: {1}", id, body);
        PromptServer.Json(body).GetProperty("input_tokens").GetInt32().Should().Be(expected, id);
    }

    [Theory]
    [InlineData("C11", """{"model":"m","input":"Hi"}""")]
    [InlineData("C11", """{"model":"m","input":"Hi","stream":true}""")]
    [InlineData("C11", """{"model":"m","input":[{"role":"user","content":"Hi"}],"store":false}""")]
    public async Task The_usage_has_the_tokens_written_to_the_cache(string id, string request)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "x");

        (_, string body, _) = await server.PostAsync("/v1/responses", request);

        body.Should().Contain("""
            "input_tokens_details":{"cached_tokens":0,"cache_write_tokens":0}
            """.Trim(), id);
    }

    [Theory]
    [InlineData("C12", "/v1/chat/completions")]
    [InlineData("C12", "/v1/responses")]
    [InlineData("C12", "/v1/embeddings")]
    public async Task A_wrong_key_is_named_as_other_servers_name_it(string id, string path)
    {
        await using TestServer server = await TestServer.StartAsync(configure: static options => options with { ApiKey = "secret" });

        (HttpStatusCode status, JsonElement body) = await server.PostJsonAsync(path, "{}");

        status.Should().Be(HttpStatusCode.Unauthorized, id);
        JsonElement error = body.GetProperty("error");
        (error.GetProperty("type").GetString(), error.GetProperty("code").GetString()).Should().Be(("authentication_error", "invalid_api_key"), id);
    }
}
