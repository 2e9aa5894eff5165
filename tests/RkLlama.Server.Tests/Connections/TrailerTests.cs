using System.Net;
using System.Net.Sockets;
using System.Text;
using RkLlama.Engine.Tests.Support;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Connections;

/// <summary>A body in chunks that ends with trailers of any length.</summary>
public sealed class TrailerTests
{
    [Theory]
    [InlineData(100, "k", "200")]
    [InlineData(30_000, "k", "200")]
    [InlineData(66_000, "k", "431")]
    [InlineData(1_000_000, "k", "431")]
    [InlineData(66_000, "", "401")]
    [InlineData(1_000_000, "", "401")]
    public async Task Trailers_that_are_too_long_are_refused(int length, string key, string expected)
    {
        await using TestServer server = await TestServer.StartAsync(configure: static options => options with { ApiKey = "k" });
        server.AddModel("m");
        const string body = """{"model":"m"}""";
        string request = $"POST /api/show HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {key}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            + $"{body.Length:x}\r\n{body}\r\n0\r\nX-A: {new string('b', length)}\r\n\r\n";
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        await using NetworkStream client = new(socket);
        Task sending = client.WriteAsync(Encoding.ASCII.GetBytes(request)).AsTask();
        using StreamReader reader = new(client, Encoding.UTF8);

        string? status = await reader.ReadLineAsync().WaitAsync(HeldRuns.Patience);

        status.Should().StartWith($"HTTP/1.1 {expected}");
        await sending.ContinueWith(static _ => { }, TaskScheduler.Default);
        server.Log.Should().NotContain("ArgumentOutOfRange").And.NotContain("   at ");
    }
}
