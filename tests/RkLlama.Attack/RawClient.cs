using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RkLlama.Attack;

/// <summary>How an exchange ended.</summary>
internal enum AnswerEnd
{
    /// <summary>The response is complete.</summary>
    Complete,

    /// <summary>The server closed the connection before the end of the response.</summary>
    Cut,

    /// <summary>The response was not complete within the timeout of the client.</summary>
    Hung,

    /// <summary>The attack ended before the response.</summary>
    Stopped,
}

/// <summary>What a client received.</summary>
/// <param name="Status">0 if no response began.</param>
/// <param name="Body">The first 32 KiB of the body.</param>
/// <param name="Bytes">The size of the whole body.</param>
internal sealed record Answer(AnswerEnd End, int Status, string Body, long Bytes, int? RetryAfter);

/// <summary>Sends requests as bytes, each on its own connection.</summary>
internal static class RawClient
{
    /// <summary>The address of the attackers. The other clients have their own loopback addresses, as clients on other machines have.</summary>
    internal static readonly IPAddress Attacker = IPAddress.Loopback;

    /// <param name="from">The loopback address of the client.</param>
    /// <param name="receiveBuffer">The size of the receive buffer in bytes. With a small buffer, the server must wait for a slow reader.</param>
    internal static async Task<Socket> ConnectAsync(IPEndPoint server, IPAddress from, CancellationToken stop, int? receiveBuffer = null)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (receiveBuffer is { } size)
                socket.ReceiveBufferSize = size;
            socket.Bind(new IPEndPoint(from, 0));
            await socket.ConnectAsync(server, stop).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Returns a request with <c>Connection: close</c>.</summary>
    internal static byte[] Request(string method, string path, ReadOnlySpan<byte> body, string headers = "")
    {
        byte[] head = Encoding.Latin1.GetBytes(
            $"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{(method == "GET" ? "" : $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\n")}{headers}\r\n");
        byte[] request = new byte[head.Length + body.Length];
        head.CopyTo(request, 0);
        body.CopyTo(request.AsSpan(head.Length));
        return request;
    }

    /// <summary>Sends a request and reads the response. A server may answer before it has read the whole request.</summary>
    /// <param name="closesItsHalf">The client shuts down its sending side after the request.</param>
    internal static async Task<Answer> AskAsync(
        IPEndPoint server, IPAddress from, ReadOnlyMemory<byte> request, TimeSpan patience, CancellationToken stop, bool closesItsHalf = false)
    {
        using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(stop);
        timeout.CancelAfter(patience);
        ResponseReader response = new();
        Task sending = Task.CompletedTask;
        try
        {
            using Socket socket = await ConnectAsync(server, from, timeout.Token).ConfigureAwait(false);
            try
            {
                sending = SendAsync(socket, request, closesItsHalf, timeout.Token);
                byte[] buffer = new byte[64 << 10];
                while (!response.IsComplete)
                {
                    int count = await socket.ReceiveAsync(buffer, timeout.Token).ConfigureAwait(false);
                    if (count == 0)
                        return Result(response.EndsWithConnection ? AnswerEnd.Complete : AnswerEnd.Cut);
                    response.Add(buffer.AsSpan(0, count));
                }
            }
            finally
            {
                socket.Close();
                await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            return Result(AnswerEnd.Complete);
        }
        catch (OperationCanceledException)
        {
            return Result(stop.IsCancellationRequested ? AnswerEnd.Stopped : AnswerEnd.Hung);
        }
        catch (SocketException)
        {
            return Result(stop.IsCancellationRequested ? AnswerEnd.Stopped : AnswerEnd.Cut);
        }

        Answer Result(AnswerEnd end) => new(end, response.Status, response.Body, response.BodyBytes, response.RetryAfter);
    }

    private static async Task SendAsync(Socket socket, ReadOnlyMemory<byte> request, bool closesItsHalf, CancellationToken stop)
    {
        while (!request.IsEmpty)
            request = request[await socket.SendAsync(request, SocketFlags.None, stop).ConfigureAwait(false)..];
        if (closesItsHalf)
            socket.Shutdown(SocketShutdown.Send);
    }
}
