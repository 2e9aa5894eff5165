using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>Half-closed, closed and silent connections of the published executable.</summary>
public sealed class ConnectionTests
{
    // Longer than the time after which the server tests whether a half-closed client still reads.
    private const string Slow = "!sleep 30 20";

    [Theory]
    [InlineData("/generate", false)]
    [InlineData("/generate", true)]
    [InlineData("/v1/chat/completions", false)]
    [InlineData("/v1/chat/completions", true)]
    [InlineData("/api/chat", false)]
    [InlineData("/api/chat", true)]
    public async Task A_client_that_closes_its_sending_side_gets_its_whole_answer(string path, bool stream)
    {
        await using Node node = await Node.StartAsync("1.2.3");
        await node.LoadAsync();

        string slow = await RawConnection.ExchangeAsync(node.Address, [Request(path, Slow, stream)], Farewell.ClosesItsHalf);
        string fast = await RawConnection.ExchangeAsync(node.Address, [Request(path, "!count 20", stream)], Farewell.ClosesItsHalf);

        foreach (string answer in (string[])[slow, fast])
        {
            answer.Should().StartWith("HTTP/1.1 200 ").And.Contain(" 20\"");
            IsWhole(answer).Should().BeTrue(answer);
        }

        (await AbortsAsync(node)).Should().Be(0);
    }

    [Fact]
    public async Task A_client_without_a_body_may_close_its_sending_side()
    {
        await using Node node = await Node.StartAsync("1.2.3");

        string answer = await RawConnection.ExchangeAsync(node.Address, ["GET /models HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray()], Farewell.ClosesItsHalf);

        answer.Should().StartWith("HTTP/1.1 200 ").And.Contain("\"models\"");
        IsWhole(answer).Should().BeTrue(answer);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_client_that_leaves_ends_its_run_also_if_it_has_closed_its_sending_side_before(bool stream, bool closesItsHalf)
    {
        await using Node node = await Node.StartAsync("1.2.3");
        await node.LoadAsync();
        using (Socket client = await ConnectAsync(node, IPAddress.Loopback))
        {
            await client.SendAsync(Request("/generate", "!sleep 50 20000", stream));
            if (closesItsHalf)
                client.Shutdown(SocketShutdown.Send);
            await node.EventuallyAsync(() => node.Trace("prompt").Count == 1, "the run should begin");
        }

        // The rest of the run would take 1000 s.
        (await node.AskAsync("!echo next").WaitAsync(Node.Patience)).Should().Be("next");
        (await AbortsAsync(node)).Should().Be(1);
    }

    [Fact]
    public async Task Silent_connections_of_one_address_keep_no_other_address_out_and_are_closed()
    {
        await using Node node = await Node.StartAsync("1.2.3", ["--port", "0", "--max-connections", "8"]);
        Stopwatch watch = Stopwatch.StartNew();
        Socket[] silent = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => ConnectAsync(node, IPAddress.Loopback)));
        try
        {
            using (Socket other = await ConnectAsync(node, IPAddress.Parse("127.0.0.2")))
                (await AskAsync(other, "/models")).Should().StartWith("HTTP/1.1 200 ");
            using (Socket own = await ConnectAsync(node, IPAddress.Loopback))
                (await AskAsync(own, "/models")).Should().NotContain("HTTP/1.1 200 ");

            await Task.WhenAll(silent.Select(EndAsync)).WaitAsync(Node.Patience);
            watch.Elapsed.Should().BeGreaterThan(TimeSpan.FromSeconds(10));
            using Socket after = await ConnectAsync(node, IPAddress.Loopback);
            (await AskAsync(after, "/models")).Should().StartWith("HTTP/1.1 200 ");
        }
        finally
        {
            Array.ForEach(silent, static socket => socket.Dispose());
        }
    }

    private static byte[] Request(string path, string prompt, bool stream)
    {
        string body = Node.Chat(prompt, stream).Replace("{\"messages\"", "{\"model\":\"demo\",\"messages\"");
        return Encoding.UTF8.GetBytes($"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");
    }

    /// <summary>Whether a response with a length has this length, or a chunked response has its last chunk.</summary>
    private static bool IsWhole(string response)
    {
        string[] parts = response.Split("\r\n\r\n", 2);
        string? length = parts[0].Split("\r\n").FirstOrDefault(static header => header.StartsWith("Content-Length: ", StringComparison.Ordinal))?.Split(' ')[1];
        return length is null ? parts[1].EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal) : parts[1].Length == int.Parse(length, CultureInfo.InvariantCulture);
    }

    /// <summary>Returns the number of aborted runs, of all causes.</summary>
    private static async Task<double> AbortsAsync(Node node) =>
        (await node.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative))).Split('\n')
            .Where(static line => line.StartsWith("rkllama_aborts_total{", StringComparison.Ordinal))
            .Sum(static line => double.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture));

    private static async Task<Socket> ConnectAsync(Node node, IPAddress from)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(from, 0));
        await socket.ConnectAsync(node.Address.Host, node.Address.Port);
        return socket;
    }

    /// <summary>Sends a request and reads to the end of the connection. An empty answer is a connection that the server has closed.</summary>
    private static async Task<string> AskAsync(Socket socket, string path)
    {
        try
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
            using StreamReader reader = new(new NetworkStream(socket), Encoding.UTF8);
            return await reader.ReadToEndAsync().WaitAsync(Node.Patience);
        }
        catch (Exception ex) when (ex is IOException or SocketException)
        {
            return "";
        }
    }

    /// <summary>Waits until the server closes the connection.</summary>
    private static async Task EndAsync(Socket socket)
    {
        try
        {
            (await socket.ReceiveAsync(new byte[1])).Should().Be(0);
        }
        catch (SocketException)
        {
            // The server has reset the connection.
        }
    }
}
