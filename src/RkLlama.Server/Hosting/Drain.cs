using RkLlama.Server.Endpoints;
using RkLlama.Server.Monitoring;

namespace RkLlama.Server.Hosting;

/// <summary>Whether the server is on its way out. The listener stays open, so that clients and balancers hear it instead of a refused connection.</summary>
internal sealed class Drain(TimeProvider time) : IDisposable
{
    /// <summary>
    /// How long requests are still taken where somebody watches <c>/ready</c>: a balancer that has not asked again yet would send them, and get them
    /// back, as fast as it can. HAProxy as it is shipped asks every second and believes the second answer; Kubernetes takes a second or two.
    /// </summary>
    internal static readonly TimeSpan Notice = TimeSpan.FromSeconds(3);

    // Who has asked within this time is taken for one who will ask again.
    private static readonly TimeSpan Watch = TimeSpan.FromSeconds(15);

    private readonly CancellationTokenSource _started = new();
    private long _lastAsked = long.MinValue;
    private volatile bool _isAnnounced;

    /// <summary>Cancelled when new requests are refused.</summary>
    internal CancellationToken Started => _started.Token;

    /// <summary>Whether the server was asked to stop; it may still take requests.</summary>
    internal bool IsAnnounced => _isAnnounced;

    private bool IsWatched => Volatile.Read(ref _lastAsked) is not long.MinValue and long last && time.GetElapsedTime(last) < Watch;

    public void Dispose() => _started.Dispose();

    /// <summary>Somebody has asked whether the server is ready. Any thread.</summary>
    internal void OnAsked() => Volatile.Write(ref _lastAsked, time.GetTimestamp());

    /// <summary>Says that the server is not ready, and refuses new requests: at once, or, where somebody watches, after <see cref="Notice"/>.</summary>
    /// <param name="impatience">Ends the notice.</param>
    internal async Task BeginAsync(CancellationToken impatience = default)
    {
        bool isWatched = IsWatched;
        _isAnnounced = true;
        if (isWatched)
            await Task.Delay(Notice, time, impatience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _started.CancelAsync().ConfigureAwait(false);
    }

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
