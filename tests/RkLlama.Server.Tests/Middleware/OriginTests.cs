using System.Net;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Middleware;

/// <summary>Requests of web pages: which origins may use the node, and what their pages may read.</summary>
public sealed class OriginTests
{
    private static readonly Uri Models = new("/models", UriKind.Relative);

    [Theory]
    [InlineData("http://evil.example", HttpStatusCode.Forbidden)]
    [InlineData("null", HttpStatusCode.Forbidden)]
    [InlineData("http://127.0.0.2:1", HttpStatusCode.Forbidden)]
    [InlineData("http://localhost.evil.example", HttpStatusCode.Forbidden)]
    [InlineData("http://localhost@evil.example", HttpStatusCode.Forbidden)]
    [InlineData("http://evillocalhost", HttpStatusCode.Forbidden)]
    [InlineData("http://0.0.0.0.evil.example", HttpStatusCode.Forbidden)]
    [InlineData("ftp://localhost", HttpStatusCode.Forbidden)]
    [InlineData("http-app://x", HttpStatusCode.Forbidden)]
    [InlineData("app:x", HttpStatusCode.Forbidden)]
    [InlineData("http://localhost", HttpStatusCode.OK)]
    [InlineData("https://localhost:5173", HttpStatusCode.OK)]
    [InlineData("http://127.0.0.1:1", HttpStatusCode.OK)]
    [InlineData("http://[::1]:3000", HttpStatusCode.OK)]
    [InlineData("http://0.0.0.0:3000", HttpStatusCode.OK)]
    [InlineData("http://app.localhost", HttpStatusCode.OK)]
    [InlineData("https://a.B.LOCALHOST:5173", HttpStatusCode.OK)]
    [InlineData("app://obsidian.md", HttpStatusCode.OK)]
    [InlineData("file://", HttpStatusCode.OK)]
    [InlineData("tauri://localhost", HttpStatusCode.OK)]
    [InlineData("vscode-webview://1ab2", HttpStatusCode.OK)]
    [InlineData("vscode-file://vscode-app", HttpStatusCode.OK)]
    [InlineData("http://listed.example:3000", HttpStatusCode.OK)]
    public async Task A_page_of_another_origin_is_refused_unless_listed_or_local(string origin, HttpStatusCode expected)
    {
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { Origins = ["http://listed.example:3000"] });
        using HttpRequestMessage request = new(HttpMethod.Get, Models);
        request.Headers.TryAddWithoutValidation("Origin", origin);

        using HttpResponseMessage response = await server.Client.SendAsync(request);

        response.StatusCode.Should().Be(expected);
        if (expected == HttpStatusCode.OK)
            response.Headers.GetValues("Access-Control-Allow-Origin").Should().Equal(origin);
    }

    [Fact]
    public async Task A_page_of_the_nodes_own_address_is_allowed_and_a_page_of_another_host_name_is_refused()
    {
        await using TestServer server = await TestServer.StartAsync();
        using HttpRequestMessage own = new(HttpMethod.Get, Models);
        own.Headers.TryAddWithoutValidation("Origin", server.Address.GetLeftPart(UriPartial.Authority));
        using HttpRequestMessage rebound = new(HttpMethod.Get, Models);
        rebound.Headers.Host = "evil.example";
        rebound.Headers.TryAddWithoutValidation("Origin", "http://evil.example");

        (await server.Client.SendAsync(own)).StatusCode.Should().Be(HttpStatusCode.OK);
        (await server.Client.SendAsync(rebound)).StatusCode.Should().Be(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task A_listed_page_may_send_a_preflight_request_without_a_key()
    {
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { Origins = ["http://listed.example"], ApiKey = "secret" });
        using HttpRequestMessage preflight = new(HttpMethod.Options, "/generate");
        preflight.Headers.TryAddWithoutValidation("Origin", "http://listed.example");
        preflight.Headers.TryAddWithoutValidation("Access-Control-Request-Method", "POST");
        preflight.Headers.TryAddWithoutValidation("Access-Control-Request-Headers", "authorization,content-type");

        using HttpResponseMessage response = await server.Client.SendAsync(preflight);

        response.StatusCode.Should().Be(HttpStatusCode.NoContent);
        response.Headers.GetValues("Access-Control-Allow-Headers").Single().Should().Contain("authorization");
    }

    [Fact]
    public async Task A_listed_page_may_read_an_error_and_the_headers_that_clients_look_for()
    {
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { Origins = ["http://listed.example"] });
        using HttpRequestMessage request = new(HttpMethod.Get, "/v1/models/nobody");
        request.Headers.TryAddWithoutValidation("Origin", "http://listed.example");

        using HttpResponseMessage response = await server.Client.SendAsync(request);

        response.StatusCode.Should().Be(HttpStatusCode.NotFound);
        response.Headers.GetValues("Access-Control-Allow-Origin").Should().Equal("http://listed.example");
        response.Headers.GetValues("Access-Control-Expose-Headers").Single().Split(',').Should().BeEquivalentTo("Retry-After", "X-Request-Id", "X-RkLlama-Ignored", "X-RkLlama-Warning", "X-RkLlama-Node", "X-RkLlama-Model", "Server-Timing", "request-id");
    }
}
