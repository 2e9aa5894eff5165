using System.Net;
using RkLlama.Server.Middleware;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Middleware;

/// <summary>Paths that clients build from a base URL with a slash too much, or with a prefix too much or too few.</summary>
public sealed class PathMiddlewareTests
{
    [Theory]
    [InlineData("//v1/chat/completions", "/v1/chat/completions")]
    [InlineData("/v1//chat///completions", "/v1/chat/completions")]
    [InlineData("//models", "/models")]
    [InlineData("/models", "/models")]
    [InlineData("/chat/completions", "/v1/chat/completions")]
    [InlineData("/completions", "/v1/completions")]
    [InlineData("/embeddings", "/v1/embeddings")]
    [InlineData("/responses", "/v1/responses")]
    [InlineData("/responses/input_tokens", "/v1/responses/input_tokens")]
    [InlineData("//chat/completions/", "/v1/chat/completions/")]
    [InlineData("/v1/v1/models", "/v1/models")]
    [InlineData("/v1/v1/v1/embeddings", "/v1/embeddings")]
    [InlineData("/v1//v1/models", "/v1/models")]
    [InlineData("/api/api/chat", "/api/chat")]
    [InlineData("/v1", "/v1")]
    [InlineData("/v10/v1/models", "/v10/v1/models")]
    [InlineData("/v1/models/v1", "/v1/models/v1")]
    [InlineData("/completionsx", "/completionsx")]
    [InlineData("/", "/")]
    [InlineData("//", "/")]
    [InlineData("", "")]
    public void A_path_is_corrected(string path, string expected) => PathMiddleware.Correct(path).Should().Be(expected);

    [Theory]
    [InlineData("//v1/chat/completions")]
    [InlineData("/chat/completions")]
    [InlineData("/v1/v1/chat/completions")]
    public async Task A_chat_is_answered_below_a_wrong_base(string path)
    {
        await using PromptServer server = await PromptServer.StartAsync(tokens: "Hello");

        (HttpStatusCode status, string body, _) = await server.PostAsync(path, """{"model":"m","messages":[{"role":"user","content":"Hi"}]}""");

        status.Should().Be(HttpStatusCode.OK);
        body.Should().Contain("chat.completion");
    }

    [Fact]
    public async Task Slashes_do_not_bypass_the_api_key_or_the_read_only_mode()
    {
        await using TestServer locked = await TestServer.StartAsync(configure: options => options with { ApiKey = "secret" });
        await using TestServer readOnly = await TestServer.StartAsync(configure: options => options with { IsReadOnly = true });

        (await RawRequest.GetAsync(locked.Address, "//models")).Should().StartWith("HTTP/1.1 401");
        (await readOnly.PostAsync("/api//pull", """{"model":"m"}""")).StatusCode.Should().Be(HttpStatusCode.Forbidden);
    }
}
