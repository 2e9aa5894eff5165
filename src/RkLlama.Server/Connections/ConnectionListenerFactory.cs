using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace RkLlama.Server.Connections;

/// <summary>
/// Listens for Kestrel. The connections are those of Kestrel's own socket transport; only the listener differs. If an accept fails, Kestrel's own listener
/// tries the next accept at once. So it uses a whole CPU while the process has no free file descriptor.
/// </summary>
/// <param name="pools">Creates the pool of Kestrel's buffers.</param>
internal sealed class ConnectionListenerFactory(IOptions<SocketTransportOptions> options, IMemoryPoolFactory<byte> pools, TimeProvider time, ILoggerFactory loggers)
    : IConnectionListenerFactory
{
    /// <summary>Maximum number of bytes that the server has received on a connection and not yet read.</summary>
    internal const int MaxUnreadBytes = 64 << 10;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        Socket listener = new(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endpoint is IPEndPoint { Address: var address } && address.Equals(IPAddress.IPv6Any))
                listener.DualMode = true;
            listener.Bind(endpoint);
            listener.Listen(options.Value.Backlog);
        }
        catch (SocketException ex)
        {
            listener.Dispose();
            if (ex.SocketErrorCode == SocketError.AddressAlreadyInUse)
                throw new AddressInUseException(ex.Message, ex);
            throw;
        }

        SocketConnectionFactoryOptions connections = new()
        {
            IOQueueCount = options.Value.IOQueueCount,
            MaxReadBufferSize = MaxUnreadBytes,
            MaxWriteBufferSize = options.Value.MaxWriteBufferSize,
            UnsafePreferInlineScheduling = options.Value.UnsafePreferInlineScheduling,
            WaitForDataBeforeAllocatingBuffer = options.Value.WaitForDataBeforeAllocatingBuffer,
        };
        SocketConnectionContextFactory factory = new(connections, loggers.CreateLogger("Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets"));
        return ValueTask.FromResult<IConnectionListener>(
            new ConnectionListener(listener.AcceptAsync, listener, factory, pools.Create(null), time, loggers.CreateLogger<ConnectionListener>()));
    }
}
