using Microsoft.AspNetCore.Connections;

namespace RkLlama.Server.Connections;

/// <summary>
/// Closes connections that have not sent a complete request head within <see cref="Limit"/> after their accept. Kestrel's own timeout for the head starts with
/// the first byte of the head. A client that sends nothing would therefore occupy its connection until Kestrel's timeout for idle connections, which is much
/// longer.
/// </summary>
internal sealed class FirstRequestTimeout(TimeProvider time)
{
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    /// <summary>Connection middleware of the listener.</summary>
    internal async Task OnConnectionAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        using Countdown countdown = new(time.CreateTimer(static state => ((ConnectionContext)state!).Abort(), connection, Limit, Timeout.InfiniteTimeSpan));
        connection.Features.Set(countdown);
        await next(connection).ConfigureAwait(false);
    }

    /// <summary>Request middleware. The head of a request is complete, so the timeout of its connection ends.</summary>
    internal static Task OnRequestAsync(HttpContext context, RequestDelegate next)
    {
        context.Features.Get<Countdown>()?.Dispose();
        return next(context);
    }

    private sealed class Countdown(ITimer timer) : IDisposable
    {
        public void Dispose() => timer.Dispose();
    }
}
