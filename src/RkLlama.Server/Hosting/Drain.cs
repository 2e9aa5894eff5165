using RkLlama.Engine.Metrics;
using RkLlama.Server.Api.Operations;
using RkLlama.Server.Http;

namespace RkLlama.Server.Hosting;

/// <summary>Whether the server is on its way out. The listener stays open, so that clients and balancers hear it instead of a refused connection.</summary>
internal sealed class Drain : IDisposable
{
    private readonly CancellationTokenSource _started = new();

    /// <summary>Cancelled when the server was asked to stop.</summary>
    internal CancellationToken Started => _started.Token;

    public void Dispose() => _started.Dispose();

    internal Task BeginAsync() => _started.CancelAsync();

    /// <summary>What a new request is told while the last answer is being finished.</summary>
    internal static ApiException Refusal() =>
        new(StatusCodes.Status503ServiceUnavailable, new("The server is shutting down; try another node, or again in a moment."))
        {
            Code = "draining",
            RetryAfterSeconds = 5,
        };
}

/// <summary>Refuses new requests once the drain has begun; not at once.</summary>
internal sealed class DrainMiddleware(RequestDelegate next, Drain drain, IHostApplicationLifetime lifetime, NodeMetrics metrics, TimeProvider time)
{
    /// <summary>
    /// A balancer repeats what was refused, and where this node finishes an answer for somebody else, it is the one with a place free. The balancer
    /// hears from <c>/ready</c> within a second or two that the node stops; a refusal at once would come back to it many times until then.
    /// </summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public async Task InvokeAsync(HttpContext context)
    {
        if (!drain.Started.IsCancellationRequested || OperationsEndpoints.AnswersAlways(context.Request))
        {
            await next(context).ConfigureAwait(false);
            return;
        }

        metrics.RecordRejection(RejectionCause.Draining);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        await Task.Delay(Pause, time, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        throw Drain.Refusal();
    }
}
