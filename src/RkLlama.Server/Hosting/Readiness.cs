using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Server.Http;

namespace RkLlama.Server.Hosting;

/// <summary>Whether a balancer should send requests here: yes also while the node is busy, and without a model.</summary>
internal sealed class Readiness(ModelHost host, RunQueue queue, Drain drain)
{
    // Written by the preloader, read by requests.
    private volatile Preload? _preload;

    /// <param name="Loads">How many loads had succeeded by then: one more, and the failure is history.</param>
    private sealed record Preload(string Model, string? Failure, int Loads);

    /// <summary>When it is worth asking again, 1 to 60.</summary>
    internal int RetryAfterSeconds => queue.RetryAfterSeconds;

    /// <summary>The operator's model is being loaded.</summary>
    internal void PreloadStarts(string model) => _preload = new(model, null, host.Loads);

    /// <param name="failure">Why the model is not there; <see langword="null"/> when it is.</param>
    internal void PreloadEnds(string model, string? failure) => _preload = failure is null ? null : new(model, failure, host.Loads);

    /// <summary>
    /// What a request is told that finds no model where the operator wanted one: not that it is wrong, but to try again, or another node.
    /// <see langword="null"/> where none was wanted.
    /// </summary>
    internal ApiException? Refusal() => _preload is not null && Look() is { Status: "loading" or "failed", Reason: { } reason }
        ? new(StatusCodes.Status503ServiceUnavailable, new(reason)) { RetryAfterSeconds = RetryAfterSeconds }
        : null;

    internal ReadyReply Look()
    {
        ModelStatus status = host.Status;
        return (status.State, _preload) switch
        {
            _ when drain.Started.IsCancellationRequested => new("draining", "The server is shutting down."),
            (ModelState.Stuck or ModelState.Failed, _) => new("failed", status.Failure),
            (_, { Failure: null } preload) => new("loading", $"Model {preload.Model} is being loaded."),
            (ModelState.None, { Failure: { } failure } preload) when preload.Loads == host.Loads => new("failed", $"Model {preload.Model} could not be preloaded: {failure}"),
            _ when queue.IsFull => new("busy", "The queue is full."),
            _ => new("ready", null),
        };
    }
}
