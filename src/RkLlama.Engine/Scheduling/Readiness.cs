using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Residency;

namespace RkLlama.Engine.Scheduling;

/// <summary>Whether a load balancer should send requests here. Yes also while the node is busy, and without a model. Any thread.</summary>
internal sealed class Readiness
{
    private readonly ModelHost _host;
    private readonly RunQueue _queue;

    // The operator's preload, while it is in progress or after it has failed. Cleared when any model is loaded.
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

    /// <summary>When it is worth asking again, 1 to 60 s.</summary>
    internal int RetryAfterSeconds => _queue.RetryAfterSeconds;

    /// <summary>The operator's model is being loaded.</summary>
    internal void PreloadStarted(string model) => _preload = new(model, null);

    /// <param name="failure">Why the model was not loaded; <see langword="null"/> if it was, or no longer has to be.</param>
    internal void PreloadEnded(string model, string? failure) => _preload = failure is null ? null : new(model, failure);

    /// <summary>
    /// The error for a request that needs a loaded model when there is none: where the operator wanted one, the request is not wrong but comes too early.
    /// </summary>
    internal Exception NoModel() => _preload is not null && Evaluate() is { Status: "loading" or "failed", Reason: { } reason }
        ? new NotReadyException(reason, RetryAfterSeconds)
        : new NoModelException();

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
/// <param name="retryAfterSeconds">When it is worth trying again, 1 to 60.</param>
internal sealed class NotReadyException(string message, int retryAfterSeconds) : Exception(message)
{
    internal int RetryAfterSeconds => retryAfterSeconds;
}
