using System.Net.Sockets;
using System.Text;

namespace RkLlama.EndToEnd.Tests.Support;

/// <summary>How a client takes its leave after it has sent what it had.</summary>
internal enum Farewell
{
    /// <summary>Gives the server a moment to answer before it says that nothing more comes.</summary>
    Lingers,

    /// <summary>Says that nothing more comes, and still reads.</summary>
    ClosesItsHalf,

    /// <summary>Resets the connection without reading.</summary>
    Resets,
}

/// <summary>A TCP connection that sends bytes as they are.</summary>
internal static class RawConnection
{
    // Most answers take less; where none comes, nothing depends on it.
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(50);

    /// <summary>Sends the pieces, each in a segment of its own, and reads whatever comes until the server closes.</summary>
    /// <returns>Everything that was received, a character a byte.</returns>
    /// <exception cref="TimeoutException">The server neither answered to the end nor closed.</exception>
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
            // The server closed while we were still sending, which it may.
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"no end after {received.Length} bytes: {Encoding.Latin1.GetString(received.ToArray())}");
        }

        return Encoding.Latin1.GetString(received.ToArray());
    }
}
