using System.Net.Sockets;
using System.Text;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Server.Tests.Support;

/// <summary>Sends requests with an unchanged path and host. An HTTP client would normalize them.</summary>
internal static class RawRequest
{
    /// <returns>The complete response, including headers.</returns>
    internal static async Task<string> GetAsync(Uri server, string path, string host = "localhost")
    {
        using TcpClient client = new();
        await client.ConnectAsync(server.Host, server.Port);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes($"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
        using StreamReader reader = new(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync().WaitAsync(HeldRuns.Patience);
    }
}
