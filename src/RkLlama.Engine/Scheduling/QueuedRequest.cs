using RkLlama.Engine.Residency;
using RkLlama.Native;

namespace RkLlama.Engine.Scheduling;

/// <summary>What the queue knows of a request.</summary>
/// <param name="Model">Name of the model that the request needs.</param>
internal sealed record QueuedRequest(string Model)
{
    /// <summary>The prompt, to find the requests whose prompt is in a KV cache; <see langword="null"/> if the request uses none.</summary>
    internal RunInput? Prompt { get; init; }

    /// <summary>Identifies the request for <see cref="RunQueue.FindPlace"/>; <see langword="null"/> if its place is never asked for.</summary>
    internal object? Trace { get; init; }

    /// <summary>Identifies the client if clients do not share KV caches; otherwise <see langword="null"/>.</summary>
    internal UInt128? Owner { get; init; }

    /// <summary>Whether the request replaces another one that is queued or running. Such a request is accepted even if the queue is full.</summary>
    internal bool IsRetry { get; init; }

    /// <summary>
    /// Whether the request has had the slot before, and needs it again for the rest of its work. Such a request is accepted even if the queue is full or closed.
    /// </summary>
    internal bool HasStarted { get; init; }

    /// <summary>Whether no person waits for the response. Such a request gets the slot only if no other request waits.</summary>
    internal bool IsBackground { get; init; }

    /// <summary>The model, if the request runs it. <see langword="null"/> if the request needs only the slot, for example to unload a model.</summary>
    internal ModelInstance? Instance { get; init; }

    /// <summary>How long earlier parts of the same request have waited in the queue. Their sum counts for <see cref="RunOrder.BackgroundPatience"/>.</summary>
    internal TimeSpan Waited { get; init; }

    /// <summary>
    /// When the request first joined the queue, as a timestamp of the queue's time provider, if it has given the slot back without a run and keeps its place. Such a
    /// request is accepted even if the queue is full.
    /// </summary>
    internal long? Arrival { get; init; }

    /// <summary>
    /// What the request waits for before it can get the slot, for example the load of its model; <see langword="null"/> for nothing. If the task fails, the request leaves
    /// the queue with the exception of the task.
    /// </summary>
    internal Task? After { get; init; }
}
