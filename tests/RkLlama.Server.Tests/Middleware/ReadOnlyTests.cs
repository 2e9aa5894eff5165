using System.Net;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Middleware;

/// <summary>A server that loads, unloads and changes no models for its clients.</summary>
public sealed class ReadOnlyTests
{
    [Theory]
    [InlineData("POST", "/load_model", HttpStatusCode.Forbidden)]
    [InlineData("POST", "/unload_model", HttpStatusCode.Forbidden)]
    [InlineData("POST", "/pull", HttpStatusCode.Forbidden)]
    [InlineData("DELETE", "/rm", HttpStatusCode.Forbidden)]
    [InlineData("DELETE", "/remove", HttpStatusCode.Forbidden)]
    [InlineData("DELETE", "/v1/models/m", HttpStatusCode.Forbidden)]
    [InlineData("POST", "/api/copy", HttpStatusCode.Forbidden)]
    [InlineData("POST", "/api/rename", HttpStatusCode.Forbidden)]
    [InlineData("DELETE", "/api/delete", HttpStatusCode.Forbidden)]
    [InlineData("POST", "/api/pull", HttpStatusCode.Forbidden)]
    [InlineData("POST", "/api/create", HttpStatusCode.Forbidden)]
    [InlineData("POST", "/api/push", HttpStatusCode.Forbidden)]
    [InlineData("GET", "/models", HttpStatusCode.OK)]
    [InlineData("GET", "/api/tags", HttpStatusCode.OK)]
    [InlineData("POST", "/v1/chat/completions", HttpStatusCode.OK)]
    public async Task A_read_only_server_only_answers(string method, string path, HttpStatusCode expected)
    {
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { IsReadOnly = true });
        server.AddModel("m");
        using HttpRequestMessage request = new(new(method), path);
        if (method != "GET")
            request.Content = new StringContent("""{"model":"m","messages":[{"role":"user","content":"Hi"}]}""");

        using HttpResponseMessage response = await server.Client.SendAsync(request);

        response.StatusCode.Should().Be(expected);
        if (expected == HttpStatusCode.Forbidden)
            (await response.Content.ReadAsStringAsync()).Should().Contain("read-only");
    }

    [Theory]
    [InlineData("/api/generate", """{"model":"m","keep_alive":0}""")]
    [InlineData("/api/generate", """{"model":"m"}""")]
    [InlineData("/api/chat", """{"model":"m","messages":[],"keep_alive":0}""")]
    public async Task A_read_only_server_refuses_requests_that_only_load_or_unload(string path, string body)
    {
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { IsReadOnly = true });
        server.AddModel("m");

        (await server.PostJsonAsync(path, body)).Status.Should().Be(HttpStatusCode.Forbidden);
    }
}
