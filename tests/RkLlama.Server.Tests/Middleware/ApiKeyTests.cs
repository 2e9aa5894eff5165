using System.Net;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Middleware;

/// <summary>Requests with and without the API key.</summary>
public sealed class ApiKeyTests
{
    [Theory]
    [InlineData("Authorization", "Bearer secret", HttpStatusCode.OK)]
    [InlineData("Authorization", "bearer secret", HttpStatusCode.OK)]
    [InlineData("X-Api-Key", "secret", HttpStatusCode.OK)]
    [InlineData("api-key", "secret", HttpStatusCode.OK)]
    [InlineData("api-key", "secre", HttpStatusCode.Unauthorized)]
    [InlineData("Authorization", "Bearer secre", HttpStatusCode.Unauthorized)]
    [InlineData("Authorization", "Bearer secrets", HttpStatusCode.Unauthorized)]
    [InlineData("Authorization", "Basic secret", HttpStatusCode.Unauthorized)]
    [InlineData("Authorization", "secret", HttpStatusCode.Unauthorized)]
    [InlineData("X-Api-Key", "", HttpStatusCode.Unauthorized)]
    [InlineData("X-Other", "secret", HttpStatusCode.Unauthorized)]
    public async Task A_request_needs_the_api_key(string header, string value, HttpStatusCode expected)
    {
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { ApiKey = "secret" });
        using HttpRequestMessage request = new(HttpMethod.Get, "/models");
        request.Headers.TryAddWithoutValidation(header, value);

        using HttpResponseMessage response = await server.Client.SendAsync(request);

        response.StatusCode.Should().Be(expected);
        if (expected == HttpStatusCode.OK)
            return;
        response.Headers.WwwAuthenticate.ToString().Should().Be("Bearer");
        (await TestServer.JsonAsync(response)).GetProperty("error").GetString().Should().Contain("API key").And.NotContain("secret");
    }

    [Theory]
    [InlineData("GET", "/", HttpStatusCode.OK)]
    [InlineData("HEAD", "/", HttpStatusCode.OK)]
    [InlineData("GET", "/health", HttpStatusCode.OK)]
    [InlineData("HEAD", "/ready", HttpStatusCode.OK)]
    [InlineData("POST", "/health", HttpStatusCode.Unauthorized)]
    [InlineData("POST", "/", HttpStatusCode.Unauthorized)]
    [InlineData("GET", "/current_model", HttpStatusCode.Unauthorized)]
    [InlineData("POST", "/generate", HttpStatusCode.Unauthorized)]
    [InlineData("GET", "/nowhere", HttpStatusCode.Unauthorized)]
    public async Task Health_checks_need_no_key(string method, string path, HttpStatusCode expected)
    {
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { ApiKey = "secret" });
        using HttpRequestMessage request = new(new(method), path);

        (await server.Client.SendAsync(request)).StatusCode.Should().Be(expected);
    }
}
