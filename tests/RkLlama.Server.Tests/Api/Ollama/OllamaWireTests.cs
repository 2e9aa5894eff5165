using System.Net;
using System.Text.Json;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.Ollama;

/// <summary>Details of the Ollama API that clients depend on, besides the answer.</summary>
public sealed class OllamaWireTests
{
    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public async Task Every_response_of_generate_has_a_context_because_some_clients_drop_responses_without_it(string stream)
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m");

        using HttpResponseMessage response = await server.PostAsync("/api/generate", $$"""{"model":"m","prompt":"Hi","stream":{{stream}}}""");

        foreach (string line in (await response.Content.ReadAsStringAsync()).Trim().Split('\n'))
            JsonDocument.Parse(line).RootElement.GetProperty("context").GetArrayLength().Should().Be(0, "{0}", line);
    }

    [Theory]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"Hi"}],"options":{"temperature":"hot"}}""", "option \"temperature\" must be of type float32")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"Hi"}],"options":{"num_predict":1.5}}""", "option \"num_predict\" must be of type integer")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"Hi"}],"options":{"num_ctx":"8192"}}""", "option \"num_ctx\" must be of type integer")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"Hi"}],"options":{"stop":5}}""", "option \"stop\" must be of type array")]
    [InlineData("", "missing request body")]
    [InlineData("""{"model":"nobody","messages":[]}""", "model 'nobody' not found")]
    public async Task Errors_have_the_messages_of_Ollama(string request, string error)
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m");

        using HttpResponseMessage response = await server.PostAsync("/api/chat", request);

        ((int)response.StatusCode).Should().BeOneOf(400, 404);
        response.Content.Headers.ContentType!.ToString().Should().Be("application/json; charset=utf-8");
        (await TestServer.JsonAsync(response)).GetProperty("error").GetString().Should().Be(error);
    }

    [Theory]
    [InlineData("/api/chat", """{"model":"m","messages":[{"role":"user","content":"Hi"}]}""", "chat")]
    [InlineData("/api/generate", """{"model":"m","prompt":"Hi"}""", "generate")]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"Hi"}]}""", "chat")]
    [InlineData("/v1/completions", """{"model":"m","prompt":"Hi"}""", "completions")]
    [InlineData("/v1/responses", """{"model":"m","input":"Hi"}""", "responses")]
    public async Task An_embedding_model_refuses_to_generate(string path, string request, string wish)
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m", "FROM=\"m.rkllm\"\nPOOLING=\"last\"\n");

        (HttpStatusCode status, JsonElement body) = await server.PostJsonAsync(path, request);

        status.Should().Be(HttpStatusCode.BadRequest);
        body.GetRawText().Should().Contain($"\\\"m\\\" does not support {wish}");
        server.Engine.Sessions.Should().BeEmpty();
    }

    [Theory]
    [InlineData("POOLING=\"mean\"\n", "embedding")]
    [InlineData("POOLING=\"last\"\nTEMPLATE=\"{{ tools }}{{ messages[0].content }}<tool_call><think>\"\n", "embedding")]
    [InlineData("", "completion")]
    [InlineData("TEMPLATE=\"{{ tools }}{{ messages[0].content }}<tool_call><think>\"\n", "completion tools thinking")]
    public async Task The_capabilities_of_a_model_are_those_of_Ollama(string modelfile, string expected)
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m", "FROM=\"m.rkllm\"\n" + modelfile);

        (_, JsonElement body) = await server.PostJsonAsync("/api/show", """{"model":"m"}""");

        string.Join(' ', body.GetProperty("capabilities").EnumerateArray().Select(one => one.GetString())).Should().StartWith(expected);
        body.GetProperty("capabilities").EnumerateArray().Any(one => one.GetString() == "embedding").Should().Be(expected == "embedding");
    }

    [Theory]
    [InlineData("""{"model":"m"}""", "application/x-ndjson")]
    [InlineData("""{"name":"m:latest","stream":true}""", "application/x-ndjson")]
    [InlineData("""{"model":"m","stream":false}""", "application/json; charset=utf-8")]
    public async Task A_pull_of_a_model_that_the_node_has_succeeds(string request, string contentType)
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m");

        using HttpResponseMessage response = await server.PostAsync("/api/pull", request);

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.ToString().Should().Be(contentType);
        (await response.Content.ReadAsStringAsync()).Should().EndWith("{\"status\":\"success\"}\n");
    }

    [Fact]
    public async Task A_pull_of_a_name_that_no_table_has_is_refused_in_the_words_of_ollama()
    {
        await using TestServer server = await TestServer.StartAsync();

        (HttpStatusCode status, JsonElement body) = await server.PostJsonAsync("/api/pull", """{"model":"other"}""");

        status.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("error").GetString().Should().StartWith("pull model manifest: file does not exist: 'other' is not a model");
    }
}
