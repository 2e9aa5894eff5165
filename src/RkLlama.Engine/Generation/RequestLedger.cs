namespace RkLlama.Engine.Generation;

/// <summary>
/// What is known of one request while it is answered: by which model, where its time goes, how it ends. Written by whoever makes the answer; read when
/// the headers leave, which a sign of life may do at any time, and when the request is over.
/// </summary>
/// <param name="id">What client and log call the request.</param>
internal sealed class RequestLedger(string id)
{
    private volatile string? _model;
    private volatile string? _finishReason;
    private volatile RunStart? _start;
    private volatile AnswerTimings? _timings;

    internal string Id => id;

    /// <summary>The model that was asked; null for a request that has nothing to do with one, or names none that is there.</summary>
    internal string? Model => _model;

    /// <summary>Known once the first run has begun.</summary>
    internal RunStart? Start => _start;

    /// <summary>Known once the answer is whole. Of all answers, where it took several.</summary>
    internal AnswerTimings? Timings => _timings;

    /// <summary>stop, length or tool_calls, once the answer is whole.</summary>
    internal string? FinishReason => _finishReason;

    /// <summary>Whether it takes the place of one that waits or runs, so that the line is never too full for it. Written before the answer is asked for.</summary>
    internal bool IsRetry { get; set; }

    /// <summary>A model is to answer; it may have to wait, or be refused.</summary>
    internal void IsFor(string model) => _model = model;

    /// <summary>A run has begun.</summary>
    internal void RunBegins(TimeSpan queue, TimeSpan load) => _start ??= new(queue, load);

    /// <summary>An answer is whole; there may be another.</summary>
    internal void AnswerEnds(string finishReason, AnswerTimings timings)
    {
        _timings = _timings is { } before ? before + timings : timings;
        _finishReason = finishReason;
    }

    /// <summary>What the whole answer turned out to be, for an API that tells calls from text.</summary>
    internal void FinishesWith(string reason) => _finishReason = reason;

    /// <summary>What lies before a run.</summary>
    internal sealed record RunStart(TimeSpan Queue, TimeSpan Load);
}
