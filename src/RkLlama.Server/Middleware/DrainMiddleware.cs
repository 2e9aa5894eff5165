using RkLlama.Engine.Metrics;
using RkLlama.Engine.Scheduling;
using RkLlama.Server.Http;

namespace RkLlama.Server.Middleware;

/// <summary>Refuses new requests while the server drains. The listener stays open, so that clients and load balancers get an answer.</summary>
internal sealed class DrainMiddleware(RequestDelegate next, RunQueue queue, IHostApplicationLifetime lifetime, NodeMetrics metrics, TimeProvider time)
{
    /// <summary>
    /// Delay before a refusal. A load balancer retries a refused request, often on this node, which looks idle while it finishes its last run. The balancer
    /// learns from <c>/ready</c> within a second or two that the node stops. Until then, immediate refusals would only lead to more retries.
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
