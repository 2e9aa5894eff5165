using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RkLlama.EndToEnd.Tests.Support;

/// <summary>A proxy on loopback that knows only <c>CONNECT</c>, and connects to where the test wants.</summary>
/// <param name="target">Returns the port on loopback for <c>host:port</c>; 0 to refuse with status 403.</param>
/// <param name="login">The user and the password that clients need, as <c>USER:PASSWORD</c>; <see langword="null"/> for none.</param>
internal sealed class ConnectProxy(Func<string, int> target, string? login = null) : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    /// <summary>The hosts and ports that clients asked for.</summary>
    internal ConcurrentQueue<string> Targets { get; } = new();

    internal string Address => $"http://{_listener.LocalEndpoint}";

    internal ConnectProxy Start()
    {
        _listener.Start();
        _ = AcceptAsync();
        return this;
    }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
        {
            // The proxy has ended.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        using (TcpClient server = new())
        {
            try
            {
                NetworkStream near = client.GetStream();
                string head = await ReadHeadAsync(near);
                string[] words = head.Split(' ');
                while (login is not null && !head.Contains("Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes(login)), StringComparison.Ordinal))
                {
                    await near.WriteAsync("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"proxy\"\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
                    if ((head = await ReadHeadAsync(near)).Length == 0)
                        return;
                }

                Targets.Enqueue(words[1]);
                if (words[0] != "CONNECT" || target(words[1]) is not (> 0 and var port))
                {
                    await near.WriteAsync("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
                    return;
                }

                await server.ConnectAsync(IPAddress.Loopback, port);
                await near.WriteAsync("HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray());
                NetworkStream far = server.GetStream();
                await Task.WhenAny(near.CopyToAsync(far), far.CopyToAsync(near));
            }
            catch (Exception ex) when (ex is IOException or SocketException)
            {
                // One side has gone.
            }
        }
    }

    /// <summary>Reads byte by byte, because what follows the empty line belongs to the tunnel.</summary>
    private static async Task<string> ReadHeadAsync(NetworkStream stream)
    {
        List<byte> head = [];
        byte[] one = new byte[1];
        while (!head.TakeLast(4).SequenceEqual("\r\n\r\n"u8.ToArray()) && await stream.ReadAsync(one) == 1)
            head.Add(one[0]);
        return Encoding.ASCII.GetString([.. head]);
    }
}
