using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RkLlama.Engine.Tests.Support;
using RkLlama.Server.Connections;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Middleware;

/// <summary>Access control: API keys, origins of web pages, and the limit of connections.</summary>
public sealed class AccessTests
{
    private static readonly Uri Models = new("/models", UriKind.Relative);

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
        using HttpRequestMessage request = new(HttpMethod.Get, Models);
        request.Headers.TryAddWithoutValidation(header, value);

        using HttpResponseMessage response = await server.Client.SendAsync(request);

        response.StatusCode.Should().Be(expected);
        if (expected == HttpStatusCode.OK)
            return;
        response.Headers.WwwAuthenticate.ToString().Should().Be("Bearer");
        (await TestServer.JsonAsync(response)).GetProperty("error").GetString().Should().Contain("API key").And.NotContain("secret");
    }

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
        using HttpRequestMessage request = new(HttpMethod.Get, Models);
        request.Headers.Host = "any.example";

        (await server.Client.SendAsync(request)).StatusCode.Should().Be(HttpStatusCode.OK);
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
        response.Headers.GetValues("Access-Control-Expose-Headers").Single().Split(',').Should().BeEquivalentTo("Retry-After", "X-Request-Id", "X-RkLlama-Ignored", "X-RkLlama-Warning", "X-RkLlama-Node", "X-RkLlama-Model", "Server-Timing");
    }

    [Fact]
    public async Task Beyond_its_connections_the_server_answers_health_checks_only()
    {
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { MaxConnections = 2, MaxConnectionsPerAddress = 2 });
        using TcpClient first = await ConnectAsync(server), second = await ConnectAsync(server);
        (await AskAsync(first, "/models")).Should().StartWith("HTTP/1.1 200");
        (await AskAsync(second, "/models")).Should().StartWith("HTTP/1.1 200");

        using TcpClient third = await ConnectAsync(server), fourth = await ConnectAsync(server);
        string health = await AskAsync(third, "/health"), models = await AskAsync(fourth, "/models");

        health.Should().StartWith("HTTP/1.1 200");
        models.Should().StartWith("HTTP/1.1 503").And.Contain("Retry-After: 1").And.Contain("Connection: close");
        (await AskAsync(first, "/models")).Should().StartWith("HTTP/1.1 200", "those who were there stay");
    }

    [Fact]
    public async Task An_idle_connection_does_not_block_health_checks_for_long()
    {
        FakeTimeProvider time = new();
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { MaxConnections = 2, MaxConnectionsPerAddress = 2 }, time: time);
        List<TcpClient> held = [];
        for (int i = 0; i < 2 + ConnectionLimiter.Reserve; i++)
            held.Add(await ConnectAsync(server));
        ConnectionLimiter guard = server.Services.GetRequiredService<ConnectionLimiter>();
        await HeldRuns.EventuallyAsync(() => guard.Open == 2 + ConnectionLimiter.Reserve);
        using TcpClient refused = await ConnectAsync(server);
        (await AskAsync(refused, "/health")).Should().BeEmpty();

        time.Advance(ConnectionLimiter.ReserveTime);
        await HeldRuns.EventuallyAsync(() => guard.Open == 2);
        using TcpClient check = await ConnectAsync(server);

        (await AskAsync(check, "/health")).Should().StartWith("HTTP/1.1 200");
        (await AskAsync(held[0], "/models")).Should().StartWith("HTTP/1.1 200", "those within the limit stay");
        held.ForEach(client => client.Dispose());
    }

    private static async Task<TcpClient> ConnectAsync(TestServer server)
    {
        TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        return client;
    }

    private static async Task<string> AskAsync(TcpClient client, string path)
    {
        NetworkStream stream = client.GetStream();
        byte[] answer = new byte[4096];
        try
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
            int length = await stream.ReadAsync(answer);
            return Encoding.ASCII.GetString(answer, 0, length);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
