using System.Net;
using System.Text.Json;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.Anthropic;

/// <summary>Details of the Anthropic API that clients depend on, besides the answer: errors, headers and the list of models.</summary>
public sealed class AnthropicWireTests
{
    private const string Hi = """{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}""";

    [Theory]
    [InlineData("POST", "/v1/messages", "{}", 400, "invalid_request_error", "messages is missing: send at least one message.")]
    [InlineData("POST", "/v1/messages", """{"model":"m","messages":[]}""", 400, "invalid_request_error", "messages is empty: send at least one message.")]
    [InlineData("POST", "/v1/messages", """{"model":"m","max_tokens":0,"messages":[]}""", 400, "invalid_request_error", "max_tokens must be an integer from 1 to 2147483647.")]
    [InlineData("POST", "/v1/messages", """{"model":"m","messages":[{"role":"tool","content":"x"}]}""", 400, "invalid_request_error", "messages[0].role is 'tool': use user, assistant or system.")]
    [InlineData("POST", "/v1/messages", """{"model":"m","thinking":{"type":"sometimes"},"messages":[{"role":"user","content":"x"}]}""", 400, "invalid_request_error", "thinking.type must be enabled, disabled, adaptive or between_tools.")]
    [InlineData("POST", "/v1/messages", """{"model":"m","tool_choice":{"type":"any"},"messages":[{"role":"user","content":"x"}]}""", 400, "invalid_request_error", "tool_choice.type is \"any\", but there are no tools.")]
    [InlineData("POST", "/v1/messages", """{"model":"m","tools":[{"description":"x"}],"messages":[{"role":"user","content":"x"}]}""", 400, "invalid_request_error", "tools[0].name is missing.")]
    [InlineData("POST", "/v1/messages", """{"model":"claude-x","messages":[{"role":"user","content":"x"}]}""", 404, "not_found_error", "The model 'claude-x' does not exist.")]
    [InlineData("POST", "/v1/messages/count_tokens", """{"model":"claude-x","messages":[{"role":"user","content":"x"}]}""", 404, "not_found_error", "The model 'claude-x' does not exist.")]
    [InlineData("GET", "/v1/messages", null, 405, "invalid_request_error", "GET is not allowed on /v1/messages; use POST.")]
    [InlineData("POST", "/v1/messages/batches", "{}", 404, "not_found_error", "There is no /v1/messages/batches.")]
    public async Task Errors_have_the_type_of_their_status(string method, string path, string? body, int status, string type, string message)
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m");

        using HttpRequestMessage request = new(new(method), new Uri(path, UriKind.Relative)) { Content = body is null ? null : new StringContent(body) };
        using HttpResponseMessage response = await server.Client.SendAsync(request);

        ((int)response.StatusCode).Should().Be(status);
        JsonElement error = await TestServer.JsonAsync(response);
        error.GetProperty("type").GetString().Should().Be("error");
        error.GetProperty("error").GetProperty("type").GetString().Should().Be(type);
        error.GetProperty("error").GetProperty("message").GetString().Should().Be(message);
        error.GetProperty("request_id").GetString().Should().Be(response.Headers.GetValues("request-id").Should().ContainSingle().Subject);
        response.Headers.GetValues("X-Request-Id").Should().Equal(error.GetProperty("request_id").GetString());
    }

    [Fact]
    public async Task A_prompt_that_is_too_long_has_the_words_that_clients_search_for()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m", "FROM=\"m.rkllm\"\nNUM_CTX=64\n");
        await File.WriteAllTextAsync(Path.Combine(server.Models, "m", "tokenizer.json"), PromptServer.StrippingTokenizer);

        (HttpStatusCode status, JsonElement body) = await server.PostJsonAsync("/v1/messages", Hi.Replace("Hi", new string('a', 4000), StringComparison.Ordinal));

        status.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("error").GetProperty("message").GetString().Should().MatchRegex("^prompt is too long: [0-9]+ tokens > 64 maximum\\. ");
        body.GetProperty("error").GetProperty("details").GetProperty("error_code").GetString().Should().Be("context_length_exceeded");
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_request_too_large()
    {
        await using TestServer server = await TestServer.StartAsync(configure: static options => options with { MaxRequestBytes = 1000 });

        (HttpStatusCode status, JsonElement body) = await server.PostJsonAsync("/v1/messages", Hi.Replace("Hi", new string('x', 4000), StringComparison.Ordinal));

        status.Should().Be(HttpStatusCode.RequestEntityTooLarge);
        body.GetProperty("error").GetProperty("type").GetString().Should().Be("request_too_large");
    }

    [Theory]
    [InlineData("x-api-key", "secret", 200)]
    [InlineData("Authorization", "Bearer secret", 200)]
    [InlineData("x-api-key", "wrong", 401)]
    public async Task The_key_of_the_node_is_the_key_of_the_api(string header, string key, int status)
    {
        await using TestServer server = await TestServer.StartAsync(configure: static options => options with { ApiKey = "secret" });
        server.AddModel("m");

        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/messages") { Content = new StringContent(Hi) };
        request.Headers.Add(header, key);
        using HttpResponseMessage response = await server.Client.SendAsync(request);

        ((int)response.StatusCode).Should().Be(status);
        if (status == 401)
            (await TestServer.JsonAsync(response)).GetProperty("error").GetProperty("type").GetString().Should().Be("authentication_error");
    }

    [Fact]
    public async Task Models_have_the_form_of_the_client()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("a", "FROM=\"m.rkllm\"\nNUM_CTX=2048\nMAX_NEW_TOKENS=512\n");
        server.AddModel("b");

        (_, JsonElement openai) = await server.GetJsonAsync("/v1/models");
        server.Client.DefaultRequestHeaders.Add("anthropic-version", "2023-06-01");
        (_, JsonElement list) = await server.GetJsonAsync("/v1/models?limit=1000");
        (_, JsonElement one) = await server.GetJsonAsync("/v1/models/b:latest");
        (HttpStatusCode status, JsonElement none) = await server.GetJsonAsync("/v1/models/org%2Fc");
        (HttpStatusCode unknown, JsonElement path) = await server.GetJsonAsync("/v1/files");

        openai.GetProperty("object").GetString().Should().Be("list");
        list.GetProperty("has_more").GetBoolean().Should().BeFalse();
        list.GetProperty("first_id").GetString().Should().Be("a");
        list.GetProperty("last_id").GetString().Should().Be("b");
        JsonElement first = list.GetProperty("data")[0];
        first.GetProperty("type").GetString().Should().Be("model");
        first.GetProperty("display_name").GetString().Should().Be("a");
        DateTimeOffset.Parse(first.GetProperty("created_at").GetString()!, System.Globalization.CultureInfo.InvariantCulture).Year.Should().BeGreaterThan(2020);
        first.GetProperty("max_input_tokens").GetInt32().Should().Be(2048);
        first.GetProperty("max_tokens").GetInt32().Should().Be(512);
        one.GetProperty("id").GetString().Should().Be("b");
        status.Should().Be(HttpStatusCode.NotFound);
        none.GetProperty("error").GetProperty("type").GetString().Should().Be("not_found_error");
        none.GetProperty("error").GetProperty("message").GetString().Should().Contain("'org/c'");
        unknown.Should().Be(HttpStatusCode.NotFound);
        path.GetProperty("error").GetProperty("type").GetString().Should().Be("not_found_error");
    }
}
