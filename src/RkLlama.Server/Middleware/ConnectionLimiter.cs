using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Metrics;
using RkLlama.Server.Http;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Middleware;

/// <summary>
/// Limits the number of open connections. Above the limit, the server accepts <see cref="Reserve"/> more connections for health checks and metrics. It answers
/// other requests on them with 503, and closes these connections after <see cref="ReserveTime"/>. It closes any further connection at once.
/// </summary>
internal sealed class ConnectionLimiter(NodeOptions options, NodeMetrics metrics, TimeProvider time)
{
    /// <summary>Maximum number of accepted connections above the limit.</summary>
    internal const int Reserve = 32;

    // Maximum age of a connection above the limit. It is long enough for a health check, and short enough that idle connections do not block the next check.
    internal static readonly TimeSpan ReserveTime = TimeSpan.FromSeconds(5);

    private static readonly object OverLimit = new();
    private int _open;

    /// <summary>Number of open connections.</summary>
    internal int Open => Volatile.Read(ref _open);

    /// <summary>Connection middleware of the listener. Counts the connection and applies the limit.</summary>
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

    /// <summary>
    /// Request middleware. On a connection above the limit, only endpoints with <see cref="EndpointAccess.IgnoresLimits"/> answer. Other requests get a 503.
    /// </summary>
    internal Task OnRequestAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<IConnectionItemsFeature>()?.Items.ContainsKey(OverLimit) != true || EndpointAccess.Of(context).IgnoresLimits)
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
