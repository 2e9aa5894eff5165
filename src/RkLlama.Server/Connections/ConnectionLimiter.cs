using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Metrics;
using RkLlama.Server.Http;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Connections;

/// <summary>
/// Limits the number of open connections, in total and for each client address. Above a limit, the server accepts
/// <see cref="NodeOptions.ReservedConnections"/> more connections for health checks and metrics: the reserve. It answers other requests on them with 503, and closes these connections after <see cref="ReserveTime"/>. It closes
/// any further connection at once. If one address may have half of the other connections, it may have half of the reserve; other ratios work in the same way.
/// </summary>
internal sealed partial class ConnectionLimiter(NodeOptions options, NodeMetrics metrics, TimeProvider time, ILogger<ConnectionLimiter> logger)
{
    // Maximum age of a connection above the limit. It is long enough for a health check, and short enough that idle connections do not block the next check.
    internal static readonly TimeSpan ReserveTime = TimeSpan.FromSeconds(5);

    // Minimum time between two log lines about refused connections.
    internal static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(60);

    private static readonly object OverLimit = new();

    private readonly int _reserve = options.ReservedConnections;
    private readonly int _perAddress = options.MaxConnectionsPerAddress ?? Math.Max(1, options.MaxConnections / 2);
    private readonly Lock _lock = new();

    // Guarded by _lock: numbers of connections within the limits and in the reserve, for each address that has a connection, and in total.
    private readonly Dictionary<IPAddress, Places> _addresses = [];
    private Places _all;

    // Guarded by _lock: the number of connections that were refused since the last log line, and the time of this log line.
    private int _refused;
    private long? _lastLog;

    private enum Place
    {
        None,
        Limit,
        Reserve,
    }

    /// <summary>Number of open connections, without those that are closed at once.</summary>
    internal int Open
    {
        get
        {
            lock (_lock)
                return _all.Limit + _all.Reserve;
        }
    }

    /// <summary>
    /// Returns the address under which the connections of a client are counted. If the socket shows an IPv4 address as an IPv6 address, this is the IPv4
    /// address. Other IPv6 addresses are cut to their first 64 bits, because one machine can have all addresses of such a network.
    /// </summary>
    internal static IPAddress KeyOf(EndPoint? client)
    {
        if (client is not IPEndPoint { Address: var address })
            return IPAddress.None;
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        if (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork || IPAddress.IsLoopback(address))
            return address;

        byte[] network = address.GetAddressBytes();
        network.AsSpan(8).Clear();
        return new(network);
    }

    /// <summary>Connection middleware of the listener. Counts the connection and applies the limits.</summary>
    internal async Task OnConnectionAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        IPAddress address = KeyOf(connection.RemoteEndPoint);
        Place place = Take(address);
        if (place == Place.None)
            return;

        try
        {
            if (place == Place.Limit)
            {
                await next(connection).ConfigureAwait(false);
                return;
            }

            connection.Items[OverLimit] = null;
            using ITimer end = time.CreateTimer(static state => ((ConnectionContext)state!).Abort(), connection, ReserveTime, Timeout.InfiniteTimeSpan);
            await next(connection).ConfigureAwait(false);
        }
        finally
        {
            Release(address, place);
        }
    }

    /// <summary>
    /// Request middleware. On a connection of the reserve, accepts only requests for endpoints that ignore limits (health checks and metrics).
    /// </summary>
    internal Task OnRequestAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<IConnectionItemsFeature>()?.Items.ContainsKey(OverLimit) != true || EndpointAccess.Of(context).IgnoresLimits)
            return next(context);

        metrics.RecordRejection(RejectionCause.Connections);
        throw new ApiException(
            StatusCodes.Status503ServiceUnavailable,
            new ErrorReply($"The server is busy: it has its {options.MaxConnections} connections already, or {_perAddress} from your address."))
        {
            RetryAfterSeconds = 1,
            ClosesConnection = true,
        };
    }

    private Place Take(IPAddress address)
    {
        Place place;
        int refused = 0;
        lock (_lock)
        {
            Places own = _addresses.GetValueOrDefault(address);
            place = _all.Limit < options.MaxConnections && own.Limit < _perAddress ? Place.Limit
                : _all.Reserve < _reserve && own.Reserve < ReservePerAddress ? Place.Reserve
                : Place.None;
            if (place != Place.None)
            {
                _addresses[address] = own.Plus(place, 1);
                _all = _all.Plus(place, 1);
            }
            else
            {
                _refused++;
                if (_lastLog is not { } last || time.GetElapsedTime(last) >= LogInterval)
                {
                    _lastLog = time.GetTimestamp();
                    (refused, _refused) = (_refused, 0);
                }
            }
        }

        if (place == Place.None)
            metrics.RecordRefusedConnection();
        if (refused > 0)
            Log.Refused(logger, refused, address, Open);
        return place;
    }

    private int ReservePerAddress => (int)Math.Clamp((long)_reserve * _perAddress / options.MaxConnections, 1, _reserve);

    private void Release(IPAddress address, Place place)
    {
        lock (_lock)
        {
            _all = _all.Plus(place, -1);
            Places own = _addresses[address].Plus(place, -1);
            if (own == default)
                _addresses.Remove(address);
            else
                _addresses[address] = own;
        }
    }

    private readonly record struct Places(int Limit, int Reserve)
    {
        internal Places Plus(Place place, int connections) =>
            place == Place.Limit ? this with { Limit = Limit + connections } : this with { Reserve = Reserve + connections };
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "Connections refused: {Count}, the last one from {Address}. {Open} connections are open")]
        internal static partial void Refused(ILogger logger, int count, IPAddress address, int open);
    }
}
