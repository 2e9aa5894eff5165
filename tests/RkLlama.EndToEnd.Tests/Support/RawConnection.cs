using System.Net.Sockets;
using System.Text;

namespace RkLlama.EndToEnd.Tests.Support;

/// <summary>How a client ends its connection after it has sent its data.</summary>
internal enum Farewell
{
    /// <summary>Waits shortly for a response, then shuts down the sending side and reads the rest.</summary>
    Lingers,

    /// <summary>Shuts down the sending side at once and reads the response.</summary>
    ClosesItsHalf,

    /// <summary>Resets the connection without reading.</summary>
    Resets,
}

/// <summary>A TCP connection that sends raw bytes.</summary>
internal static class RawConnection
{
    // Most responses take less time. If a response comes later, it is still read.
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(50);

    /// <summary>Sends each piece in its own segment, and reads until the server closes the connection.</summary>
    /// <returns>All received bytes as Latin-1.</returns>
    /// <exception cref="TimeoutException">The server did not close the connection.</exception>
    internal static async Task<string> ExchangeAsync(Uri address, IEnumerable<byte[]> pieces, Farewell farewell)
    {
        using CancellationTokenSource patience = new(Node.Patience);
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using MemoryStream received = new();
        try
        {
            await socket.ConnectAsync(address.Host, address.Port, patience.Token);
            foreach (byte[] piece in pieces)
                await socket.SendAsync(piece, patience.Token);

            if (farewell == Farewell.Resets)
            {
                socket.LingerState = new(true, 0);
                return "";
            }

            byte[] buffer = new byte[16 << 10];
            if (farewell == Farewell.Lingers)
                await Task.WhenAny(socket.ReceiveAsync(Memory<byte>.Empty, patience.Token).AsTask(), Task.Delay(Moment, patience.Token));
            socket.Shutdown(SocketShutdown.Send);
            for (int count; (count = await socket.ReceiveAsync(buffer, patience.Token)) > 0;)
                received.Write(buffer, 0, count);
        }
        catch (SocketException)
        {
            // The server may close the connection while the client still sends.
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"no end after {received.Length} bytes: {Encoding.Latin1.GetString(received.ToArray())}");
        }

        return Encoding.Latin1.GetString(received.ToArray());
    }
}
