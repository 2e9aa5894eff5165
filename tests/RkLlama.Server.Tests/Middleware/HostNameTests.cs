using System.Net;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Middleware;

/// <summary>The names by which a request may address the node.</summary>
public sealed class HostNameTests
{
    [Theory]
    [InlineData("evil.example", HttpStatusCode.Forbidden)]
    [InlineData("evil.example:8080", HttpStatusCode.Forbidden)]
    [InlineData("localhost.evil.example", HttpStatusCode.Forbidden)]
    [InlineData("192.168.1.5.evil.example", HttpStatusCode.Forbidden)]
    [InlineData("evillan.example", HttpStatusCode.Forbidden)]
    [InlineData("other.example", HttpStatusCode.Forbidden)]
    [InlineData("localhost:8080", HttpStatusCode.OK)]
    [InlineData("192.168.1.5:8080", HttpStatusCode.OK)]
    [InlineData("[::1]:8080", HttpStatusCode.OK)]
    [InlineData("[fe80::1]", HttpStatusCode.OK)]
    [InlineData("node", HttpStatusCode.OK)]
    [InlineData("node1:8080", HttpStatusCode.OK)]
    [InlineData("a.localhost", HttpStatusCode.OK)]
    [InlineData("NODE1.Local:8080", HttpStatusCode.OK)]
    [InlineData("node1.local.", HttpStatusCode.OK)]
    [InlineData("node1.lan", HttpStatusCode.OK)]
    [InlineData("node1.rack.internal", HttpStatusCode.OK)]
    [InlineData("node1.home.arpa", HttpStatusCode.OK)]
    [InlineData("rkllama.default.svc", HttpStatusCode.OK)]
    [InlineData("rkllama.default.svc.cluster.local", HttpStatusCode.OK)]
    [InlineData("llm.example.org", HttpStatusCode.OK)]
    [InlineData("a.below.example.org", HttpStatusCode.OK)]
    [InlineData("below.example.org", HttpStatusCode.Forbidden)]
    [InlineData("chat.example", HttpStatusCode.OK)]
    [InlineData("node1.board.example", HttpStatusCode.OK)]
    public async Task A_request_must_use_a_name_of_the_node(string host, HttpStatusCode expected)
    {
        await using TestServer server = await TestServer.StartAsync(configure: options =>
            options with { Hosts = ["llm.example.org", "*.below.example.org"], Origins = ["http://chat.example:3000"], NodeName = "node1.board.example" });

        foreach (string path in (string[])["/models", "/health", "/metrics", "/npu", "/absent"])
        {
            using HttpRequestMessage request = new(HttpMethod.Get, path);
            request.Headers.Host = host;
            using HttpResponseMessage response = await server.Client.SendAsync(request);

            if (expected == HttpStatusCode.OK)
                response.StatusCode.Should().NotBe(HttpStatusCode.Forbidden);
            else
                (response.StatusCode, await response.Content.ReadAsStringAsync()).Should().Match<(HttpStatusCode Status, string Body)>(static answer => answer.Status == HttpStatusCode.Forbidden && answer.Body.Contains("--hosts"));
        }
    }

    [Theory]
    [InlineData("xn--e.com", "")]
    [InlineData("xn--e.com", "*")]
    [InlineData("xn--\u00ff.com:8080", "")]
    public async Task A_name_that_is_not_valid_gets_400_without_a_trace_in_the_log(string host, string hosts)
    {
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { Hosts = [hosts] });

        string answer = await RawRequest.GetAsync(server.Address, "/models", host);

        answer.Should().StartWith("HTTP/1.1 400 ");
        if (host[^1] == 'm')
            answer.Should().Contain("Host");
        server.Log.Should().NotContain("   at ").And.NotContain("Fault");
    }

    [Fact]
    public async Task A_name_outside_of_ASCII_is_listed_as_people_write_it()
    {
        await using TestServer server = await TestServer.StartAsync(configure: static options => options with { Hosts = ["m\u00fcller.example"] });

        (await RawRequest.GetAsync(server.Address, "/models", "xn--mller-kva.example")).Should().StartWith("HTTP/1.1 200 ");
    }

    [Fact]
    public async Task The_page_of_the_node_may_use_it_by_each_of_its_names()
    {
        await using TestServer server = await TestServer.StartAsync(configure: static options => options with { Hosts = ["llm.example.org"] });

        foreach (string name in (string[])["node1", "node1.local", "llm.example.org", "192.168.1.5"])
        {
            using HttpRequestMessage request = new(HttpMethod.Post, "/api/show") { Content = new StringContent("{}") };
            request.Headers.Host = name + ":8080";
            request.Headers.TryAddWithoutValidation("Origin", $"http://{name}:8080");

            (await server.Client.SendAsync(request)).StatusCode.Should().NotBe(HttpStatusCode.Forbidden, name);
        }
    }

    [Fact]
    public async Task All_names_are_allowed_if_the_operator_says_so()
    {
        await using TestServer server = await TestServer.StartAsync(configure: static options => options with { Hosts = ["*"] });
        using HttpRequestMessage request = new(HttpMethod.Get, "/models");
        request.Headers.Host = "any.example";

        (await server.Client.SendAsync(request)).StatusCode.Should().Be(HttpStatusCode.OK);
    }
}
