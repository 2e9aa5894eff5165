using RkLlama.Engine.Limits;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Scheduling;
using RkLlama.Server.Http;

namespace RkLlama.Server.Middleware;

/// <summary>
/// While the server drains, answers new requests with 503, except on endpoints that ignore limits. The listener stays open, so that clients and load balancers
/// get this answer and not a connection error.
/// </summary>
internal sealed class DrainMiddleware(RequestDelegate next, RunQueue queue, IHostApplicationLifetime lifetime, NodeMetrics metrics, TimeProvider time)
{
    /// <summary>
    /// Delay before a refusal. A load balancer sends a refused request again, often to the same node, because a draining node has few requests and looks idle.
    /// Within one or two seconds, the balancer sees from <c>/ready</c> that the node is stopping. Until then, immediate refusals would only cause more retries.
    /// </summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public async Task InvokeAsync(HttpContext context)
    {
        if (!queue.IsClosed || EndpointAccess.Of(context).IgnoresLimits)
        {
            await next(context).ConfigureAwait(false);
            return;
        }

        metrics.RecordRejection(RejectionCause.Draining);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        await Task.Delay(Pause, time, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        throw new DrainingException();
    }
}
