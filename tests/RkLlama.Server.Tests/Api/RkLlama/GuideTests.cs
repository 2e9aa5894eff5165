using System.Net;
using System.Text.Json;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.RkLlama;

/// <summary>Response bodies as in the original rkllama guide, including the order of keys, with the additional keys of the Python service.</summary>
public sealed class GuideTests
{
    private const string Hello = """{"messages":[{"role":"user","content":"Hi"}]}""";

    [Fact]
    public async Task Root_returns_the_welcome_message_of_the_guide()
    {
        await using TestServer server = await TestServer.StartAsync();

        string body = await server.Client.GetStringAsync(server.Address);

        body.Should().Be("""{"message":"Welcome to RKLLama !","github":"https://github.com/notpunhnox/rkllama"}""" + "\n");
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/models")]
    [InlineData("/v1/models")]
    [InlineData("/v1/models/m")]
    public async Task Head_answers_as_get_does_without_a_body(string path)
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m");

        using HttpResponseMessage response = await server.Client.SendAsync(new(HttpMethod.Head, path));

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        response.Content.Headers.ContentLength.Should().BePositive();
    }

    [Fact]
    public async Task Models_are_sorted_and_new_ones_are_seen_at_once()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("tinyllama-1.1b");
        server.AddModel("DeepSeek-R1-1.5B");
        await server.GetJsonAsync("/models");
        server.AddModel("Qwen-1_8B-Chat");

        (HttpStatusCode status, JsonElement body) = await server.GetJsonAsync("/models");

        status.Should().Be(HttpStatusCode.OK);
        body.GetRawText().Should().Be("""{"models":["DeepSeek-R1-1.5B","Qwen-1_8B-Chat","tinyllama-1.1b"]}""");
    }

    [Fact]
    public async Task Current_model_has_both_keys()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync("DeepSeek-R1-1.5B");

        (HttpStatusCode status, JsonElement body) = await server.GetJsonAsync("/current_model");

        status.Should().Be(HttpStatusCode.OK);
        body.GetRawText().Should().Be("""{"model":"DeepSeek-R1-1.5B","model_name":"DeepSeek-R1-1.5B"}""");
    }

    [Fact]
    public async Task Current_model_is_404_when_none_is_loaded()
    {
        await using TestServer server = await TestServer.StartAsync();

        (HttpStatusCode status, JsonElement body) = await server.GetJsonAsync("/current_model");

        status.Should().Be(HttpStatusCode.NotFound);
        body.GetRawText().Should().Be("""{"error":"No models are currently loaded."}""");
    }

    [Fact]
    public async Task An_embedding_model_is_not_the_current_model_and_does_not_generate()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("embedder", "FROM=\"m.rkllm\"\nPOOLING=last\n");
        await server.PostJsonAsync("/load_model", """{"model_name":"embedder"}""");

        (HttpStatusCode current, JsonElement body) = await server.GetJsonAsync("/current_model");
        (HttpStatusCode generate, _) = await server.PostJsonAsync("/generate", HeldRuns.Hello);

        (current, body.GetRawText()).Should().Be((HttpStatusCode.NotFound, """{"error":"No models are currently loaded."}"""));
        generate.Should().NotBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Load_and_unload_answer_with_the_messages_of_the_guide()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m");

        (HttpStatusCode loadStatus, JsonElement loaded) = await server.PostJsonAsync("/load_model", """{"model_name":"m"}""");
        (HttpStatusCode unloadStatus, JsonElement unloaded) = await server.PostJsonAsync("/unload_model", "");

        (loadStatus, unloadStatus).Should().Be((HttpStatusCode.OK, HttpStatusCode.OK));
        loaded.GetRawText().Should().Be("""{"message":"Model m loaded successfully."}""");
        unloaded.GetRawText().Should().Be("""{"message":"Model unloaded successfully."}""");
        server.Engine.Sessions.Should().ContainSingle().Which.IsDisposed.Should().BeTrue();
    }

    [Fact]
    public async Task A_second_load_is_refused_before_its_body_is_looked_at()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();

        (HttpStatusCode status, JsonElement body) = await server.PostJsonAsync("/load_model", "not json");

        status.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("error").GetString().Should().Be("A model is already loaded. Please unload it first.");
    }

    [Fact]
    public async Task Unload_without_a_model_is_400()
    {
        await using TestServer server = await TestServer.StartAsync();

        (HttpStatusCode status, JsonElement body) = await server.PostJsonAsync("/unload_model", "");

        status.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("error").GetString().Should().Be("No models are currently loaded.");
    }

    [Fact]
    public async Task Generate_returns_exactly_the_object_of_the_guide()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();

        (HttpStatusCode status, JsonElement body) = await server.PostJsonAsync("/generate", Hello);

        status.Should().Be(HttpStatusCode.OK);
        Keys(body).Should().Equal("id", "object", "created", "choices", "usage");
        Keys(body.GetProperty("choices")[0]).Should().Equal("role", "content", "logprobs", "finish_reason");
        Keys(body.GetProperty("usage")).Should().Equal("prompt_tokens", "completion_tokens", "tokens_per_second", "total_tokens");
        body.GetProperty("id").GetString().Should().Be("rkllm_chat");
        body.GetProperty("object").GetString().Should().Be("rkllm_chat");
        body.GetProperty("created").ValueKind.Should().Be(JsonValueKind.Null);
        JsonElement choice = body.GetProperty("choices")[0];
        choice.GetProperty("role").GetString().Should().Be("assistant");
        choice.GetProperty("content").GetString().Should().Be("Hello, world");
        choice.GetProperty("logprobs").ValueKind.Should().Be(JsonValueKind.Null);
        choice.GetProperty("finish_reason").GetString().Should().Be("stop");
        JsonElement usage = body.GetProperty("usage");
        usage.GetProperty("prompt_tokens").GetInt32().Should().BePositive();
        usage.GetProperty("completion_tokens").GetInt32().Should().Be(3);
        usage.GetProperty("total_tokens").GetInt32().Should().Be(usage.GetProperty("prompt_tokens").GetInt32() + 3);
    }

    [Fact]
    public async Task Streaming_is_one_object_per_line_with_a_final_one()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();

        using HttpResponseMessage response = await server.PostAsync("/generate", """{"messages":[{"role":"user","content":"Hi"}],"stream":true}""");
        string text = await response.Content.ReadAsStringAsync();

        response.Content.Headers.ContentType!.ToString().Should().Be("application/x-ndjson");
        text.Should().EndWith("\n").And.NotContain("\n\n");
        JsonElement[] lines = [.. text.TrimEnd('\n').Split('\n').Select(line => JsonDocument.Parse(line).RootElement)];
        lines.Select(line => Choice(line).GetProperty("content").GetString()).Should().Equal("Hello", ",", " world", "");
        lines.Select(line => Choice(line).GetProperty("finish_reason").GetString()).Should().Equal(null, null, null, "stop");
        lines.Select(line => line.GetProperty("usage").GetProperty("completion_tokens").GetInt32()).Should().Equal(1, 2, 3, 3);
        lines.Should().OnlyContain(line => Keys(line).SequenceEqual(new[] { "id", "object", "created", "choices", "usage" }));
    }

    [Fact]
    public async Task An_answer_cut_at_the_limit_has_finish_reason_length()
    {
        FakeEngine engine = new() { Run = async run => { await run.SendAsync("a"); run.End(RunEndReason.Length); } };
        await using TestServer server = await TestServer.StartAsync(engine);
        await server.LoadAsync();

        (_, JsonElement body) = await server.PostJsonAsync("/generate", Hello);

        Choice(body).GetProperty("finish_reason").GetString().Should().Be("length");
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("1", true)]
    [InlineData("false", false)]
    [InlineData("0", false)]
    [InlineData("null", false)]
    public async Task Stream_accepts_the_values_that_clients_of_the_guide_send(string value, bool streams)
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();

        using HttpResponseMessage response = await server.PostAsync("/generate", $$"""{"messages":[{"role":"user","content":"Hi"}],"stream":{{value}}}""");

        response.Content.Headers.ContentType!.MediaType.Should().Be(streams ? "application/x-ndjson" : "application/json");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task Json_is_accepted_with_any_content_type(string? contentType)
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();
        using ByteArrayContent content = new(System.Text.Encoding.UTF8.GetBytes("\uFEFF" + Hello));
        if (contentType is not null)
            content.Headers.ContentType = new(contentType);

        using HttpResponseMessage response = await server.Client.PostAsync(new Uri("/generate", UriKind.Relative), content);

        response.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_system_message_of_the_request_beats_the_modelfiles()
    {
        string prompt = "";
        FakeEngine engine = new() { Run = run => { prompt = run.Prompt; run.End(RunEndReason.Stop); return Task.CompletedTask; } };
        await using TestServer server = await TestServer.StartAsync(engine);
        await server.LoadAsync("m", "FROM=\"m.rkllm\"\nSYSTEM=\"Be brief.\"\n");

        await server.PostJsonAsync("/generate", Hello);
        string own = prompt;
        await server.PostJsonAsync("/generate", """{"messages":[{"role":"system","content":"Be long."},{"role":"user","content":"Hi"}]}""");

        own.Should().Contain("Be brief.");
        prompt.Should().Contain("Be long.").And.NotContain("Be brief.");
    }

    [Fact]
    public async Task Adjacent_equal_roles_are_accepted()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();

        (HttpStatusCode status, _) = await server.PostJsonAsync(
            "/generate", """{"messages":[{"role":"user","content":"One"},{"role":"user","content":"Two"},{"role":"assistant","content":"x"},{"role":"assistant","content":null}]}""");

        status.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Text_is_sent_unescaped()
    {
        FakeEngine engine = new() { Run = async run => { await run.SendAsync("été <b> \"q\" 😀 \u0001"); run.End(RunEndReason.Stop); } };
        await using TestServer server = await TestServer.StartAsync(engine);
        await server.LoadAsync();

        using HttpResponseMessage response = await server.PostAsync("/generate", Hello);
        string raw = await response.Content.ReadAsStringAsync();

        raw.Should().Contain("été <b>").And.Contain("\\u0001");
        Choice(JsonDocument.Parse(raw).RootElement).GetProperty("content").GetString().Should().Be("été <b> \"q\" 😀 \u0001");
    }

    [Theory]
    [InlineData("/rm")]
    [InlineData("/remove")]
    public async Task A_model_is_deleted(string path)
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("demo");
        using HttpRequestMessage request = new(HttpMethod.Delete, path) { Content = new StringContent("""{"model":"demo"}""") };

        using HttpResponseMessage response = await server.Client.SendAsync(request);

        (await response.Content.ReadAsStringAsync()).Should().Be("""{"message":"The model has been successfully deleted!"}""" + "\n");
        (await server.Client.GetStringAsync("/models")).Should().NotContain("demo");
    }

    [Theory]
    [InlineData("POST", "/pull", "{}", HttpStatusCode.BadRequest, "Model not specified.")]
    [InlineData("POST", "/pull", """{"model":""}""", HttpStatusCode.BadRequest, "Model not specified.")]
    [InlineData("POST", "/pull", """{"model":"nosuch"}""", HttpStatusCode.BadRequest, "'nosuch' is not a model that can be downloaded")]
    [InlineData("DELETE", "/rm", "{}", HttpStatusCode.BadRequest, "Please specify a model.")]
    [InlineData("DELETE", "/rm", """{"model":"nosuch"}""", HttpStatusCode.NotFound, "Model directory for 'nosuch' not found")]
    public async Task A_model_that_cannot_be_pulled_or_deleted_is_one_sentence(string method, string path, string body, HttpStatusCode status, string words)
    {
        await using TestServer server = await TestServer.StartAsync();
        using HttpRequestMessage request = new(new HttpMethod(method), path) { Content = new StringContent(body) };

        using HttpResponseMessage response = await server.Client.SendAsync(request);

        response.StatusCode.Should().Be(status);
        (await TestServer.JsonAsync(response)).GetProperty("error").GetString().Should().Contain(words);
    }

    internal static IEnumerable<string> Keys(JsonElement element) => element.EnumerateObject().Select(property => property.Name);

    private static JsonElement Choice(JsonElement reply) => reply.GetProperty("choices")[0];
}
