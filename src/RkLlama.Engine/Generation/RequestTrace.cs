namespace RkLlama.Engine.Generation;

/// <summary>
/// The progress of one request: its model, its times, and its finish reason. Written by the generation's task. Read on another thread when the response
/// headers are sent, which a keep-alive may do at any time, and when the request has ended.
/// </summary>
/// <param name="id">The request's id in response headers and log.</param>
internal sealed class RequestTrace(string id)
{
    private volatile string? _model;
    private volatile RunStart? _start;
    private volatile TurnEnd? _end;

    internal string Id => id;

    /// <summary>Name of the model; <see langword="null"/> if the request uses none.</summary>
    internal string? Model => _model;

    /// <summary>Set when the first run has started.</summary>
    internal RunStart? Start => _start;

    /// <summary>Set when a turn or an embedding is complete. The sum, if the request needs several.</summary>
    internal GenerationTimings? Timings => _end?.Timings;

    /// <summary>Set when a turn or an embedding is complete. The reason of the last one.</summary>
    internal FinishReason? FinishReason => _end?.Reason;

    /// <summary>
    /// Whether the request replaces one that is queued or running. It is accepted even if the queue is full. Set before the generation starts.
    /// </summary>
    internal bool IsRetry { get; set; }

    /// <summary>Records the model of the request. The request may still have to wait, or be rejected.</summary>
    internal void SetModel(string model) => _model = model;

    /// <summary>Records the start of a run. Only the first run is recorded.</summary>
    internal void RunStarted(TimeSpan queue, TimeSpan load) => _start ??= new(queue, load);

    /// <summary>Records that a turn or an embedding is complete. Another one may follow.</summary>
    internal void Completed(FinishReason reason, GenerationTimings timings) => _end = new(reason, _end is { } before ? before.Timings + timings : timings);

    /// <summary>How long the request waited in the queue and for the load of the model, before its first run.</summary>
    internal sealed record RunStart(TimeSpan Queue, TimeSpan Load);

    private sealed record TurnEnd(FinishReason Reason, GenerationTimings Timings);
}
