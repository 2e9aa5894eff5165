using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Residency;

namespace RkLlama.Engine.Scheduling;

/// <summary>
/// Tells load balancers whether they should send requests to this node. If the queue is not full, the node is also ready while no model is loaded and while
/// a run is active. Thread-safe.
/// </summary>
internal sealed class Readiness
{
    private readonly ModelHost _host;
    private readonly RunQueue _queue;
    private readonly IModelDownloads? _downloads;

    // The preload while it is in progress or after it has failed; else null. A failed preload is cleared when any model is loaded.
    private volatile Preload? _preload;

    public Readiness(ModelHost host, RunQueue queue, IModelDownloads? downloads = null)
    {
        (_host, _queue, _downloads) = (host, queue, downloads);
        host.StateChanged += (model, from) =>
        {
            if (from == ModelState.Loading && model.State == ModelState.Ready && _preload is { Failure: not null } failed)
                Interlocked.CompareExchange(ref _preload, null, failed);
        };
    }

    /// <summary>Estimated time in seconds until a request can succeed, 1 to 60.</summary>
    internal int RetryAfterSeconds => _queue.RetryAfterSeconds;

    /// <summary>Records that the preload of a model has started.</summary>
    internal void PreloadStarted(string model) => _preload = new(model, null);

    /// <summary>Records that the preload of a model has ended.</summary>
    /// <param name="failure">The reason why the preload failed; <see langword="null"/> if it succeeded or is no longer needed.</param>
    internal void PreloadEnded(string model, string? failure) => _preload = failure is null ? null : new(model, failure);

    /// <summary>
    /// Returns the exception for a request without a model name while no model is loaded or being loaded. If the preload is in progress or has failed, it is
    /// a <see cref="NotReadyException"/>, which tells the client to try again. Otherwise it is a <see cref="NoModelException"/>.
    /// </summary>
    internal Exception NoModel() => _preload is not null && Evaluate() is { Status: "loading" or "failed", Reason: { } reason }
        ? new NotReadyException(reason, RetryAfterSeconds)
        : new NoModelException();

    /// <summary>Returns the current readiness: the body of <c>GET /ready</c>.</summary>
    internal ReadyReply Evaluate()
    {
        ModelStatus status = _host.Status;
        return (status.State, _preload) switch
        {
            _ when _queue.IsClosed => new("draining", "The server is shutting down."),
            (ModelState.Stuck or ModelState.Failed, _) => new("failed", status.Failure),
            (_, { Failure: null } preload) => new("loading", $"Model {preload.Model} is being loaded."),
            (ModelState.NotLoaded or ModelState.Unloading, { Failure: not null } preload) when _downloads?.FindDownload(preload.Model) is { } download =>
                new(download.IsActive ? "loading" : "failed", $"Model {preload.Model} {download.Description}"),
            (ModelState.NotLoaded or ModelState.Unloading, { Failure: { } failure } preload) => new("failed", $"Model {preload.Model} could not be preloaded: {failure}"),
            _ when _queue.IsFull => new("busy", "The queue is full."),
            _ => new("ready", null),
        };
    }

    private sealed record Preload(string Model, string? Failure);
}

/// <summary>No model is loaded, because the preload is in progress or has failed.</summary>
/// <param name="retryAfterSeconds">After how many seconds the client should try again, 1 to 60.</param>
internal sealed class NotReadyException(string message, int retryAfterSeconds) : Exception(message)
{
    internal int RetryAfterSeconds => retryAfterSeconds;
}
