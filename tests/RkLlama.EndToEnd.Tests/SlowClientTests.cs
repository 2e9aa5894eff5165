using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>Clients that send or read slowly, with the published executable.</summary>
public sealed class SlowClientTests
{
    [Fact]
    public async Task A_client_that_does_not_read_delays_no_run_and_uses_no_more_memory_than_its_answer()
    {
        const int Readers = 32, Tokens = 2000, Line = 250;
        await using Node node = await Node.StartAsync("1.2.3", null, ("DOTNET_GCgen0size", "400000"));
        await node.LoadAsync();

        // The first round fills the server's pools. Garbage of a round may stay until a later one, so the smallest growth counts.
        await ReadLateAsync(node, Readers, Tokens, () => { });
        long before = Vitals.Of(node).MemoryMiB;
        List<long> growths = [];
        for (int round = 0; round < 3; round++)
            await ReadLateAsync(node, Readers, Tokens, () => growths.Add(Vitals.Of(node).MemoryMiB - before));

        growths.Min().Should().BeLessThan((Readers * Tokens * Line) >> 20, "that is the size of the answers in MiB");
        (await node.AskAsync("!echo next")).Should().Be("next");
    }

    /// <summary>Requests answers and reads them only after all runs have ended.</summary>
    /// <param name="whenMade">Called when all runs have ended, before the answers are read.</param>
    private static async Task ReadLateAsync(Node node, int readers, int tokens, Action whenMade)
    {
        int runs = node.Trace("run_end").Count;
        Socket[] sockets = await Task.WhenAll(Enumerable.Range(0, readers).Select(_ => AskWithoutReadingAsync(node, tokens)));
        try
        {
            await node.EventuallyAsync(() => node.Trace("run_end").Count == runs + readers, "the runs should end");
            whenMade();
            foreach (Socket socket in sockets)
            {
                using StreamReader reader = new(new NetworkStream(socket), Encoding.UTF8);
                string response = await reader.ReadToEndAsync().WaitAsync(Node.Patience);

                // A chunk may end in the middle of a line.
                Regex.Replace(response, "\r\n[0-9a-f]+\r\n(?=[^\r])", "").Should().Contain($" {tokens}\"").And.Contain("\"finish_reason\":\"stop\"").And.EndWith("0\r\n\r\n");
            }
        }
        finally
        {
            Array.ForEach(sockets, socket => socket.Dispose());
        }
    }

    private static async Task<Socket> AskWithoutReadingAsync(Node node, int tokens)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(node.Address.Host, node.Address.Port);
        string body = Node.Chat($"!count {tokens}", stream: true);
        await socket.SendAsync(Encoding.UTF8.GetBytes($"POST /generate HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}"));
        return socket;
    }

    [Fact]
    public async Task A_client_that_sends_too_slowly_is_disconnected()
    {
        await using Node node = await Node.StartAsync("1.2.3");
        await node.LoadAsync();

        // Incomplete headers, an incomplete body, and a body of one byte every 0.5 s.
        string[] answers = await Task.WhenAll(
            TrickleAsync("POST /generate HTTP/1.1\r\nHost: x\r\nX-", ""),
            TrickleAsync("POST /generate HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{", ""),
            TrickleAsync("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{", " "));

        answers.Should().OnlyContain(answer => answer.Length == 0 || answer.StartsWith("HTTP/1.1 408 ", StringComparison.Ordinal));
        (await node.AskAsync("!echo next")).Should().Be("next");

        async Task<string> TrickleAsync(string begin, string drop)
        {
            using TcpClient client = new();
            await client.ConnectAsync(node.Address.Host, node.Address.Port);
            NetworkStream stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(begin));
            using StreamReader reader = new(stream, Encoding.ASCII);
            Task<string> received = reader.ReadToEndAsync();
            for (int i = 0; i < 60 && !received.IsCompleted; i++)
            {
                await Task.WhenAny(received, Task.Delay(500));
                try
                {
                    await stream.WriteAsync(Encoding.ASCII.GetBytes(drop));
                }
                catch (IOException)
                {
                    break;
                }
            }

            try
            {
                return await received.WaitAsync(Node.Patience);
            }
            catch (IOException)
            {
                return "";
            }
        }
    }
}
