using RkLlama.Server.Endpoints;
using RkLlama.Server.Monitoring;

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

/// <summary>Refuses new requests once the drain has begun.</summary>
internal sealed class DrainMiddleware(RequestDelegate next, Drain drain, NodeMetrics metrics)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (!drain.Started.IsCancellationRequested || OperationsEndpoints.AnswersAlways(context.Request))
            return next(context);

        metrics.Rejected(RejectionCause.Draining);
        throw Drain.Refusal();
    }
}
