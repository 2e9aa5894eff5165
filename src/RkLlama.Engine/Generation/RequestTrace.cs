namespace RkLlama.Engine.Generation;

/// <summary>
/// The progress of one request: which model answers, where the time goes, how it ends. Written by the producer of the answer; read when the response headers
/// are sent, which a keep-alive may cause at any time, and when the request has ended.
/// </summary>
/// <param name="id">The request's id in headers and log.</param>
internal sealed class RequestTrace(string id)
{
    private volatile string? _model;
    private volatile RunStart? _start;
    private volatile GenerationEndTrace? _end;

    internal string Id => id;

    /// <summary>The model that answers; <see langword="null"/> for a request without one.</summary>
    internal string? Model => _model;

    /// <summary>Known once the first run has started.</summary>
    internal RunStart? Start => _start;

    /// <summary>Known once an answer is complete; the sum of all, if it took several.</summary>
    internal GenerationTimings? Timings => _end?.Timings;

    /// <summary>Known once an answer is complete.</summary>
    internal FinishReason? FinishReason => _end?.Reason;

    /// <summary>Whether the request replaces one that waits or runs: the queue always has room for it. Set before the answer is asked for.</summary>
    internal bool IsRetry { get; set; }

    /// <summary>A model is asked for an answer. The request may still wait, or be refused.</summary>
    internal void SetModel(string model) => _model = model;

    /// <summary>A run has started. The first one counts.</summary>
    internal void RunStarted(TimeSpan queue, TimeSpan load) => _start ??= new(queue, load);

    /// <summary>An answer is complete. Another one may follow.</summary>
    internal void Completed(FinishReason reason, GenerationTimings timings) => _end = new(reason, _end is { } before ? before.Timings + timings : timings);

    /// <summary>The time before the first run.</summary>
    internal sealed record RunStart(TimeSpan Queue, TimeSpan Load);

    private sealed record GenerationEndTrace(FinishReason Reason, GenerationTimings Timings);
}
