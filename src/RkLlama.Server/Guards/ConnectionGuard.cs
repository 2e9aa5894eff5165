using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using RkLlama.Server.Configuration;
using RkLlama.Server.Contracts.RkLlama;
using RkLlama.Server.Endpoints;

namespace RkLlama.Server.Guards;

/// <summary>
/// Bounds the connections. Some more than the limit are accepted, for health checks only: everything else gets a 503 there, and the connection
/// is closed. Beyond those, connections are closed as they come.
/// </summary>
internal sealed class ConnectionGuard(ServerOptions options)
{
    /// <summary>Connections beyond the limit.</summary>
    private const int Reserve = 32;

    private static readonly object OverLimit = new();
    private int _open;

    /// <summary>Counts a connection; part of the listener.</summary>
    internal async Task OnConnectionAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        int open = Interlocked.Increment(ref _open);
        try
        {
            if (open > options.MaxConnections + Reserve)
                return;
            if (open > options.MaxConnections)
                connection.Items[OverLimit] = null;
            await next(connection).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    /// <summary>Answers on a connection beyond the limit.</summary>
    internal Task OnRequestAsync(HttpContext context, RequestDelegate next) =>
        context.Features.Get<IConnectionItemsFeature>()?.Items.ContainsKey(OverLimit) != true || OperationsEndpoints.IsProbe(context.Request)
            ? next(context)
            : throw new ApiException(
                StatusCodes.Status503ServiceUnavailable,
                new ErrorReply($"The server is busy: it has its {options.MaxConnections} connections already."))
            {
                RetryAfterSeconds = 1,
                ClosesConnection = true,
            };
}
