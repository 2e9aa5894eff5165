using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Connections;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Connections;

/// <summary>A client that only closes its sending side, as <c>nc -N</c> does, gets its whole answer.</summary>
public sealed class HalfCloseTests : IDisposable
{
    private readonly HeldRuns _held = new();

    public static TheoryData<string, bool> ApisTwice => ApiForm.NamesTwice;

    public void Dispose() => _held.Dispose();

    [Theory]
    [MemberData(nameof(ApisTwice))]
    public async Task A_half_closed_client_gets_its_answer(string name, bool stream)
    {
        ApiForm api = ApiForm.Of(name);
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        using NetworkStream client = await SendAsync(server, api, stream);
        using StreamReader reader = new(client, Encoding.UTF8);
        FakeRun run = await _held.NextAsync();

        // The server starts the response to see whether the client still reads.
        string status = (await reader.ReadLineAsync().WaitAsync(Patience))!;
        await run.SendAsync("one ");
        await run.SendAsync("two");
        run.End(RunEndReason.Stop);
        string answer = await reader.ReadToEndAsync().WaitAsync(Patience);

        status.Should().StartWith("HTTP/1.1 200");
        answer.Should().Contain("two");
        answer.Should().EndWith("0\r\n\r\n", "the answer is complete");
        run.Aborted.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task A_half_closed_client_gets_an_error_with_its_status()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        using NetworkStream client = await SendAsync(server, ApiForm.Of("generate"), stream: false);
        using StreamReader reader = new(client, Encoding.UTF8);

        (await _held.NextAsync()).End(RunEndReason.Error, "boom");

        (await reader.ReadToEndAsync().WaitAsync(Patience)).Should().StartWith("HTTP/1.1 500").And.Contain("boom");
    }

    [Theory]
    [InlineData("/generate", "Content-Length: 100", "{\"messages\":[", "it ended after 13 of 100 bytes")]
    [InlineData("/v1/chat/completions", "Content-Length: 100", "", "it ended after 0 of 100 bytes")]
    [InlineData("/api/show", "Content-Length: 100", "{\"model\":", "it ended after 9 of 100 bytes")]
    [InlineData("/v1/chat/completions", "Transfer-Encoding: chunked", "6\r\n{\"mess", "it ended after")]
    [InlineData("/api/chat", "Transfer-Encoding: chunked", "2\r\n{\"\r\n", "it ended after 2 bytes, before its last chunk")]
    [InlineData("/api/chat", "Transfer-Encoding: chunked", "", "it ended after 0 bytes, before its last chunk")]
    public async Task A_half_closed_client_whose_body_is_too_short_is_told_so(string path, string framing, string body, string reason)
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        using NetworkStream client = await SendAsync(server, $"POST {path} HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n{body}");
        using StreamReader reader = new(client, Encoding.UTF8);

        string answer = await reader.ReadToEndAsync().WaitAsync(Patience);

        answer.Should().StartWith("HTTP/1.1 400").And.Contain("The body is incomplete").And.Contain(reason).And.Contain("Connection: close");
    }

    [Fact]
    public async Task A_client_that_leaves_within_its_body_leaves_no_connection()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        foreach (string framing in (string[])["Content-Length: 100\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n6\r\n{"])
            await (await SendAsync(server, $"POST /generate HTTP/1.1\r\nHost: localhost\r\n{framing}")).DisposeAsync();

        await EventuallyAsync(() => server.Services.GetRequiredService<ConnectionLimiter>().Open <= 1);
        server.Log.Should().NotContain("   at ");
    }

    [Theory]
    [MemberData(nameof(ApisTwice))]
    public async Task A_half_closed_client_that_leaves_aborts_its_run(string name, bool stream)
    {
        ApiForm api = ApiForm.Of(name);
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        NetworkStream client = await SendAsync(server, api, stream);
        FakeRun run = await _held.NextAsync();

        await client.DisposeAsync();

        await run.Aborted.WaitAsync(Patience);
        run.End(RunEndReason.Cancelled);
        await _held.NextAnswerIsWholeAsync(server);
        server.Log.Should().NotContain("   at ");
    }

    private static Task<NetworkStream> SendAsync(TestServer server, ApiForm api, bool stream)
    {
        string body = api.Body(stream);
        return SendAsync(server, $"POST {api.Path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {body.Length}\r\n\r\n{body}");
    }

    private static async Task<NetworkStream> SendAsync(TestServer server, string request)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        NetworkStream client = new(socket, ownsSocket: true);
        await client.WriteAsync(Encoding.UTF8.GetBytes(request));
        socket.Shutdown(SocketShutdown.Send);
        return client;
    }
}
