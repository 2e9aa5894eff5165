using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RkLlama.Attack.Attacks;

/// <summary>A hostile node as the source of models, and pulls whose clients leave.</summary>
internal static class PullAttacks
{
    internal static IEnumerable<Attack> All =>
    [
        new("hostile lists of another node, 12 clients", ListsAsync),
        new("pulls whose clients leave", LeaveAsync),
    ];

    private static async Task ListsAsync(AttackContext context)
    {
        byte[][] lists =
        [
            List("0", 4 << 20),
            List("0", 1 << 20),
            List("{\"path\":\"m.rkllm\",\"size\":9223372036854775807,\"etag\":\"a\"}", 1 << 20),
            Encoding.UTF8.GetBytes($"{{\"revision\":\"{new string('r', 1_000_000)}\",\"files\":[]}}"),
        ];
        using HostileNode node = new(lists);
        int pull = 0;
        await context.LoopAsync(
            12,
            _ => context.PostAsync("/api/pull", $$"""{"model":"m","model_name":"pulled-{{Interlocked.Increment(ref pull)}}","from":"http://{{node.Address}}","stream":false}""", Expected.Reason)).ConfigureAwait(false);
    }

    private static byte[] List(string item, int bytes) =>
        Encoding.UTF8.GetBytes($"{{\"revision\":\"r\",\"files\":[{string.Join(',', Enumerable.Repeat(item, (bytes - 100) / (item.Length + 1)))}]}}");

    private static async Task LeaveAsync(AttackContext context)
    {
        using HostileNode silent = new([]);
        int pull = 0;
        await context.LoopAsync(
            20,
            async client =>
            {
                string body = $$"""{"model":"m","model_name":"left-{{Interlocked.Increment(ref pull)}}","from":"http://{{silent.Address}}","stream":{{(client % 2 == 0 ? "true" : "false")}}}""";
                using Socket socket = await context.ConnectAsync().ConfigureAwait(false);
                await socket.SendAsync(RawClient.Request("POST", "/api/pull", Encoding.UTF8.GetBytes(body)), context.Stop).ConfigureAwait(false);
                await Task.Delay(20, context.Stop).ConfigureAwait(false);
            },
            pauseMs: 20).ConfigureAwait(false);
    }

    /// <summary>A node that answers each request with the next one of its lists, or never if it has none.</summary>
    private sealed class HostileNode : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly byte[][] _lists;
        private int _answers;

        internal HostileNode(byte[][] lists)
        {
            _lists = lists;
            _listener.Start(512);
            _ = AcceptAsync();
        }

        internal string Address => _listener.LocalEndpoint.ToString()!;

        public void Dispose() => _listener.Dispose();

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                    _ = AnswerAsync(await _listener.AcceptSocketAsync().ConfigureAwait(false));
            }
            catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
            {
                // The attack is over.
            }
        }

        private async Task AnswerAsync(Socket client)
        {
            using (client)
            {
                try
                {
                    byte[] request = new byte[4096];
                    while (await client.ReceiveAsync(request).ConfigureAwait(false) > 0)
                    {
                        if (_lists.Length == 0)
                            continue;
                        byte[] list = _lists[Interlocked.Increment(ref _answers) % _lists.Length];
                        await client.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {list.Length}\r\n\r\n")).ConfigureAwait(false);
                        for (int sent = 0; sent < list.Length;)
                            sent += await client.SendAsync(list.AsMemory(sent)).ConfigureAwait(false);
                    }
                }
                catch (SocketException)
                {
                    // The server has closed the connection.
                }
            }
        }
    }
}
