using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace RkLlama.Server.Connections;

/// <summary>Accepts connections. If an accept fails, waits 20 ms before the next one.</summary>
/// <param name="accept">Accepts one connection from the listening socket.</param>
/// <param name="listener">The listening socket. This object disposes it.</param>
/// <param name="connections">Creates the connections. This object disposes it.</param>
/// <param name="pool">
/// Pool of Kestrel's buffers. This object disposes it. Kestrel needs buffers of a minimum size, but the buffers in the default pool of
/// <paramref name="connections"/> are empty.
/// </param>
internal sealed partial class ConnectionListener(
    Func<CancellationToken, ValueTask<Socket>> accept,
    Socket listener,
    SocketConnectionContextFactory connections,
    MemoryPool<byte> pool,
    TimeProvider time,
    ILogger<ConnectionListener> logger)
    : IConnectionListener
{
    // Long enough to use almost no CPU time, and short enough for a health check that waits for a descriptor: several accepts may fail before its own one.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    // Minimum time between two log lines about failed accepts.
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);

    private readonly IMemoryPoolFeature _poolFeature = new PoolFeature(pool);
    private readonly CancellationTokenSource _end = new();

    // Used by AcceptAsync only, which is not called concurrently.
    private long? _lastLog;

    public EndPoint EndPoint { get; } = listener.LocalEndPoint!;

    /// <returns>The connection; null after <see cref="UnbindAsync"/>.</returns>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (!_end.IsCancellationRequested)
        {
            try
            {
                Socket socket = await accept(cancellationToken).ConfigureAwait(false);
                if (TryOpen(socket) is { } connection)
                    return connection;
            }
            catch (ObjectDisposedException)
            {
                return null;
            }
            catch (SocketException ex) when (ex.SocketErrorCode is SocketError.OperationAborted)
            {
                return null;
            }
            catch (SocketException ex) when (ex.SocketErrorCode is SocketError.ConnectionAborted or SocketError.ConnectionReset)
            {
                // The client has disconnected before the accept.
            }
            catch (Exception ex) when (ex is SocketException or OutOfMemoryException)
            {
                // The process or the system has no free file descriptors or no memory for another connection.
                if (_lastLog is not { } last || time.GetElapsedTime(last) >= LogInterval)
                {
                    _lastLog = time.GetTimestamp();
                    Log.NotAccepted(logger, Describe(ex));
                }

                await Task.Delay(Pause, time, _end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        return null;
    }

    // .NET has one error code for the limit of the process and that of the system, and always describes the latter.
    private static string Describe(Exception ex) => ex is SocketException { SocketErrorCode: SocketError.TooManyOpenSockets } ? "too many open files" : ex.Message;

    /// <summary>Starts the connection. Returns null if the client has already disconnected.</summary>
    private ConnectionContext? TryOpen(Socket socket)
    {
        try
        {
            socket.NoDelay = true;
            ConnectionContext connection = connections.Create(socket);
            connection.Features.Set(_poolFeature);
            return connection;
        }
        catch (Exception ex)
        {
            socket.Dispose();
            if (ex is SocketException)
                return null;
            throw;
        }
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _end.Cancel();
        listener.Dispose();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _end.Cancel();
        listener.Dispose();
        connections.Dispose();
        pool.Dispose();
        return ValueTask.CompletedTask;
    }

    private sealed record PoolFeature(MemoryPool<byte> MemoryPool) : IMemoryPoolFeature;

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "New connections wait, because the server cannot accept them: {Reason}")]
        internal static partial void NotAccepted(ILogger logger, string reason);
    }
}
