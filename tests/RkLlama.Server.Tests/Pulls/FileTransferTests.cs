using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RkLlama.Engine.Tests.Support;
using RkLlama.Server.Pulls;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Pulls;

/// <summary>Clients that download a large file and read slowly or not at all.</summary>
public sealed class FileTransferTests
{
    private const string Request = "GET /models/m/files/m.rkllm HTTP/1.1\r\nHost: localhost\r\n\r\n";

    [Fact]
    public async Task Transfers_end_when_the_server_stops()
    {
        await using TestServer server = await StartAsync();
        using TcpClient client = await AskAsync(server);

        server.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

        Func<Task> read = () => client.GetStream().CopyToAsync(Stream.Null).WaitAsync(HeldRuns.Patience);
        await read.Should().ThrowAsync<IOException>("the connection is aborted");
    }

    [Fact]
    public async Task The_number_of_transfers_is_limited()
    {
        await using TestServer server = await StartAsync();
        List<TcpClient> clients = [];
        for (int i = 0; i < FileTransfers.MaxTransfers; i++)
            clients.Add(await AskAsync(server));

        using HttpResponseMessage refused = await server.Client.GetAsync(new Uri("/models/m/files/m.rkllm", UriKind.Relative));
        clients.ForEach(static client => client.Dispose());

        refused.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        refused.Headers.RetryAfter.Should().NotBeNull();
        FileTransfers transfers = server.Services.GetRequiredService<FileTransfers>();
        await HeldRuns.EventuallyAsync(() => transfers.Count == 0);
    }

    private static async Task<TestServer> StartAsync()
    {
        TestServer server = await TestServer.StartAsync(configure: static options => options with { SharesModels = true });
        server.AddModel("m");
        using FileStream file = new(Path.Join(server.Models, "m", "m.rkllm"), FileMode.Open);
        file.SetLength(1L << 32);
        return server;
    }

    /// <summary>Asks for the file and reads the first line of the answer.</summary>
    private static async Task<TcpClient> AskAsync(TestServer server)
    {
        TcpClient client = new() { ReceiveBufferSize = 4096 };
        await client.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(Request));
        byte[] status = new byte[12];
        await client.GetStream().ReadExactlyAsync(status).AsTask().WaitAsync(HeldRuns.Patience);
        Encoding.ASCII.GetString(status).Should().Be("HTTP/1.1 200");
        return client;
    }
}
