using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Residency;

namespace RkLlama.Engine.Scheduling;

/// <summary>
/// Whether a load balancer should send requests to this node. A node without a model, and a node whose NPU is busy, is also ready while its queue is not
/// full. Thread-safe.
/// </summary>
internal sealed class Readiness
{
    private readonly ModelHost _host;
    private readonly RunQueue _queue;

    // The operator's preload while it is in progress or after it has failed; else null. A failed one is cleared when any model is loaded.
    private volatile Preload? _preload;

    public Readiness(ModelHost host, RunQueue queue)
    {
        (_host, _queue) = (host, queue);
        host.StateChanged += (model, from) =>
        {
            if (from == ModelState.Loading && model.State == ModelState.Ready && _preload is { Failure: not null } failed)
                Interlocked.CompareExchange(ref _preload, null, failed);
        };
    }

    /// <summary>Estimated time until a request can succeed, 1 to 60 s.</summary>
    internal int RetryAfterSeconds => _queue.RetryAfterSeconds;

    /// <summary>Records that the load of the operator's model has started.</summary>
    internal void PreloadStarted(string model) => _preload = new(model, null);

    /// <summary>Records that the load of the operator's model has ended.</summary>
    /// <param name="failure">The reason why the load failed; <see langword="null"/> if it succeeded or is no longer needed.</param>
    internal void PreloadEnded(string model, string? failure) => _preload = failure is null ? null : new(model, failure);

    /// <summary>
    /// Returns the error for a request without a model name if no model is loaded. If the operator's preload is in progress or has failed, this is a
    /// <see cref="NotReadyException"/>, because the client may retry; else a <see cref="NoModelException"/>.
    /// </summary>
    internal Exception NoModel() => _preload is not null && Evaluate() is { Status: "loading" or "failed", Reason: { } reason }
        ? new NotReadyException(reason, RetryAfterSeconds)
        : new NoModelException();

    /// <summary>The body of <c>GET /ready</c>.</summary>
    internal ReadyReply Evaluate()
    {
        ModelStatus status = _host.Status;
        return (status.State, _preload) switch
        {
            _ when _queue.IsClosed => new("draining", "The server is shutting down."),
            (ModelState.Stuck or ModelState.Failed, _) => new("failed", status.Failure),
            (_, { Failure: null } preload) => new("loading", $"Model {preload.Model} is being loaded."),
            (ModelState.NotLoaded or ModelState.Unloading, { Failure: { } failure } preload) => new("failed", $"Model {preload.Model} could not be preloaded: {failure}"),
            _ when _queue.IsFull => new("busy", "The queue is full."),
            _ => new("ready", null),
        };
    }

    private sealed record Preload(string Model, string? Failure);
}

/// <summary>The node does not serve requests yet.</summary>
/// <param name="retryAfterSeconds">When the client should retry, 1 to 60 s.</param>
internal sealed class NotReadyException(string message, int retryAfterSeconds) : Exception(message)
{
    internal int RetryAfterSeconds => retryAfterSeconds;
}
