using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Metrics;
using RkLlama.Server.Http;

namespace RkLlama.Server.Middleware;

/// <summary>
/// Bounds the connections. Some more than the limit are accepted, for health checks only: everything else gets a 503 there, and the connection
/// is closed, as it is when it is no longer new. Beyond those, connections are closed as they come.
/// </summary>
internal sealed class ConnectionLimiter(NodeOptions options, NodeMetrics metrics, TimeProvider time)
{
    /// <summary>Connections beyond the limit.</summary>
    internal const int Reserve = 32;

    // Enough for a health check; who only holds a connection must not keep the next check out.
    internal static readonly TimeSpan ReserveTime = TimeSpan.FromSeconds(5);

    private static readonly object OverLimit = new();
    private int _open;

    /// <summary>Connections that are open now.</summary>
    internal int Open => Volatile.Read(ref _open);

    /// <summary>Counts a connection; part of the listener.</summary>
    internal async Task OnConnectionAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        int open = Interlocked.Increment(ref _open);
        try
        {
            if (open > options.MaxConnections + Reserve)
                return;
            if (open <= options.MaxConnections)
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
            Interlocked.Decrement(ref _open);
        }
    }

    /// <summary>Answers on a connection beyond the limit.</summary>
    internal Task OnRequestAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<IConnectionItemsFeature>()?.Items.ContainsKey(OverLimit) != true || EndpointAccess.Of(context).AnswersAlways)
            return next(context);

        metrics.RecordRejection(RejectionCause.Connections);
        throw new ApiException(
            StatusCodes.Status503ServiceUnavailable,
            new ErrorReply($"The server is busy: it has its {options.MaxConnections} connections already."))
        {
            RetryAfterSeconds = 1,
            ClosesConnection = true,
        };
    }
}
