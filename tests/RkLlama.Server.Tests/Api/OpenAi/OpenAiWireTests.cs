using System.Net;
using System.Text.Json;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.OpenAi;

/// <summary>Details of the OpenAI API that clients depend on, besides the answer.</summary>
public sealed class OpenAiWireTests
{
    private const string Chat = """{"model":"m","messages":[{"role":"user","content":"Hi"}]}""";

    [Theory]
    [InlineData("/v1/models")]
    [InlineData("/v1/models/nobody")]
    [InlineData("/api/tags")]
    public async Task Every_answer_has_a_unique_id(string path)
    {
        await using TestServer server = await TestServer.StartAsync();

        using HttpResponseMessage first = await server.Client.GetAsync(new Uri(path, UriKind.Relative)), second = await server.Client.GetAsync(new Uri(path, UriKind.Relative));

        string id = first.Headers.GetValues("X-Request-Id").Should().ContainSingle().Which;
        id.Should().NotBeEmpty();
        second.Headers.GetValues("X-Request-Id").Should().ContainSingle().Which.Should().NotBe(id);
    }

    [Theory]
    [InlineData("demo")]
    [InlineData("DEMO:latest")]
    public async Task A_model_is_deleted_by_its_id(string id)
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("demo");
        Uri path = new("/v1/models/" + id, UriKind.Relative);

        using HttpResponseMessage deleted = await server.Client.DeleteAsync(path), again = await server.Client.DeleteAsync(path);

        (deleted.StatusCode, (await deleted.Content.ReadAsStringAsync()).Trim()).Should().Be((HttpStatusCode.OK, $$"""{"id":"{{id}}","object":"model","deleted":true}"""));
        again.StatusCode.Should().Be(HttpStatusCode.NotFound);
        JsonDocument.Parse(await again.Content.ReadAsStringAsync()).RootElement.GetProperty("error").GetProperty("code").GetString().Should().Be("model_not_found");
        Directory.GetDirectories(server.Models).Should().BeEmpty();
    }

    [Fact]
    public async Task A_wrong_key_has_the_code_that_clients_know()
    {
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { ApiKey = "secret" });

        (HttpStatusCode status, JsonElement body) = await server.GetJsonAsync("/v1/models");

        status.Should().Be(HttpStatusCode.Unauthorized);
        body.GetProperty("error").GetProperty("type").GetString().Should().Be("authentication_error");
        body.GetProperty("error").GetProperty("code").GetString().Should().Be("invalid_api_key");
    }

    [Theory]
    [InlineData("a+b", "a+b")]
    [InlineData("a+b", "a%2Bb")]
    [InlineData("a%41", "a%2541")]
    public async Task A_model_is_found_by_the_characters_of_its_name(string name, string path)
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel(name);

        (HttpStatusCode status, JsonElement body) = await server.GetJsonAsync($"/v1/models/{path}");

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        body.GetProperty("id").GetString().Should().Be(name);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task The_token_that_ends_an_answer_is_not_counted(int limit)
    {
        FakeEngine engine = new() { Run = static async run => { foreach (string token in (string[])["a", "b", ""]) await run.SendAsync(token); run.End(RunEndReason.Stop, tokens: 2); } };
        await using TestServer server = await TestServer.StartAsync(engine);
        server.AddModel("m");

        (_, JsonElement body) = await server.PostJsonAsync("/v1/chat/completions", Chat[..^1] + $$""","max_tokens":{{limit}}}""");

        body.GetProperty("usage").GetProperty("completion_tokens").GetInt32().Should().Be(2);
        body.GetProperty("choices")[0].GetProperty("finish_reason").GetString().Should().Be("stop");
    }

    [Theory]
    [InlineData(2, "length")]
    [InlineData(3, "stop")]
    [InlineData(4, "stop")]
    public async Task An_answer_cut_at_its_limit_is_length_even_if_the_run_has_stopped(int limit, string reason)
    {
        // The run ends before its first token is read, as with a model that is faster than the reader.
        FakeEngine engine = new() { Run = static async run => { foreach (string token in (string[])["a", "b", "c"]) await run.SendAsync(token); run.End(RunEndReason.Stop); } };
        await using TestServer server = await TestServer.StartAsync(engine);
        server.AddModel("m");

        (_, JsonElement body) = await server.PostJsonAsync("/v1/chat/completions", Chat[..^1] + $$""","max_tokens":{{limit}}}""");

        body.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString().Should().Be("abc"[..Math.Min(limit, 3)]);
        body.GetProperty("choices")[0].GetProperty("finish_reason").GetString().Should().Be(reason);
    }
}
