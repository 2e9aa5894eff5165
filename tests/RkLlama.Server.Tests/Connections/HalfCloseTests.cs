using System.Net;
using System.Net.Sockets;
using System.Text;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
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

    private static async Task<NetworkStream> SendAsync(TestServer server, ApiForm api, bool stream)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        string body = api.Body(stream);
        NetworkStream client = new(socket, ownsSocket: true);
        await client.WriteAsync(Encoding.UTF8.GetBytes($"POST {api.Path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
        socket.Shutdown(SocketShutdown.Send);
        return client;
    }
}
