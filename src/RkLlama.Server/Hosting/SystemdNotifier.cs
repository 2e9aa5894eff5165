using System.Net.Sockets;
using System.Text;

namespace RkLlama.Server.Hosting;

/// <summary>
/// Sends state changes of the service to the socket of systemd, as sd_notify(3) describes. A datagram is sent without blocking, and a failure is only logged: the
/// socket may be missing, stale or full, and the server must still serve and stop. Thread-safe.
/// </summary>
/// <param name="path">Value of <c>NOTIFY_SOCKET</c>: the path of the socket, or <c>@</c> and its abstract name. Null or empty if systemd has not set it.</param>
internal sealed partial class SystemdNotifier(string? path, ILogger<SystemdNotifier> logger)
{
    internal const string Ready = "READY=1", Stopping = "STOPPING=1", Alive = "WATCHDOG=1";

    // 1 while a thread sends. It normally takes microseconds, but the lookup of the path may wait for a file system.
    private int _isSending;
    private int _isLogged;

    internal bool IsEnabled => !string.IsNullOrEmpty(path);

    /// <summary>Sends a state. Does nothing if there is no socket, or while another thread sends. Never throws.</summary>
    /// <param name="state">The state, for example <see cref="Ready"/>.</param>
    /// <returns>
    /// <see langword="false"/> if the state was not sent because the queue of the socket is full or another thread sends, so that it can be sent later.
    /// </returns>
    internal bool Notify(string state)
    {
        if (!IsEnabled)
            return true;
        if (Interlocked.Exchange(ref _isSending, 1) != 0)
            return false;
        try
        {
            using Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
            socket.SendTo(Encoding.UTF8.GetBytes(state), new UnixDomainSocketEndPoint(path![0] == '@' ? '\0' + path[1..] : path));
            return true;
        }
        catch (Exception ex) when (ex is SocketException or ArgumentException or PlatformNotSupportedException or OutOfMemoryException)
        {
            if (Interlocked.Exchange(ref _isLogged, 1) == 0)
                Log.NotSent(logger, path!, ex.Message);
            return ex is not SocketException { SocketErrorCode: SocketError.WouldBlock or SocketError.NoBufferSpaceAvailable };
        }
        finally
        {
            Volatile.Write(ref _isSending, 0);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "systemd cannot be notified through {Path}: {Reason}")]
        internal static partial void NotSent(ILogger logger, string path, string reason);
    }
}
