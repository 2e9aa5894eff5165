namespace RkLlama.Engine.Generation;

/// <summary>
/// The progress of one request: its model, its times and its finish reason. The task of the generation writes it. Other threads read it when the response
/// headers are sent, and when the request has ended. A keep-alive may send the headers at any time.
/// </summary>
/// <param name="id">The id of the request in response headers and in the log.</param>
internal sealed class RequestTrace(string id)
{
    // Fewer tokens say little about the rate.
    private const int MinRateTokens = 8;

    private volatile string? _model;
    private volatile RunStart? _start;
    private volatile TurnEnd? _end;
    private volatile GenerationStatistics? _statistics;
    private volatile int _promptTokens;
    private volatile TurnProgress? _turn;
    private long _firstToken;

    internal string Id => id;

    /// <summary>Name of the model of the request; <see langword="null"/> if it is not known yet or the request uses none.</summary>
    internal string? Model => _model;

    /// <summary>Times before the first run; <see langword="null"/> until the first run has started.</summary>
    internal RunStart? Start => _start;

    /// <summary>Times of the completed turns or embeddings of the request, as a sum; <see langword="null"/> before the first one is complete.</summary>
    internal GenerationTimings? Timings => _end?.Timings;

    /// <summary>Finish reason of the last completed turn or embedding; <see langword="null"/> before the first one is complete.</summary>
    internal FinishReason? FinishReason => _end?.Reason;

    /// <summary>Token counts and times of the completed turns of a generation, as a sum; <see langword="null"/> before the first one is complete.</summary>
    internal GenerationStatistics? Statistics => _statistics;

    /// <summary>Number of tokens of all prompts so far; 0 before the first one is built.</summary>
    internal int PromptTokens => _promptTokens;

    /// <summary>Number of generated tokens so far.</summary>
    internal int OutputTokens => (_statistics?.OutputTokens ?? 0) + (_turn?.Tokens ?? 0);

    /// <summary>The decode rate of the current turn so far; <see langword="null"/> if it has no tokens or too few.</summary>
    internal double? CurrentDecodeRate => _turn is { } turn && turn.Tokens - turn.FirstTokens >= MinRateTokens && turn.Last > turn.First
        ? (turn.Tokens - turn.FirstTokens) / System.Diagnostics.Stopwatch.GetElapsedTime(turn.First, turn.Last).TotalSeconds
        : null;

    /// <summary>When the first token arrived, as a <see cref="System.Diagnostics.Stopwatch"/> timestamp; 0 before that.</summary>
    internal long FirstToken => Volatile.Read(ref _firstToken);

    /// <summary>
    /// Whether the request replaces another one that is queued or running. Such a request is accepted even if the queue is full. Set before the generation
    /// starts.
    /// </summary>
    internal bool IsRetry { get; set; }

    /// <summary>Whether no person waits for the response, so that the request gives way to others. Set before the request is queued.</summary>
    internal bool IsBackground { get; set; }

    /// <summary>
    /// Cancels the request for the operator, and returns whether it had not ended; <see langword="null"/> if it cannot be cancelled. Any thread. Set before the
    /// generation starts.
    /// </summary>
    internal Func<bool>? Cancel { get; set; }

    /// <summary>
    /// How long the request has waited in the queue, as a sum of its turns. Set by the task of the generation. A background request does not begin again to wait at each
    /// turn.
    /// </summary>
    internal TimeSpan Waited { get; set; }

    /// <summary>Identifies the client if clients do not share KV caches; otherwise <see langword="null"/>.</summary>
    internal UInt128? CacheOwner { get; init; }

    /// <summary>Records the model of the request. After that, the request may still wait or be rejected.</summary>
    internal void SetModel(string model) => _model = model;

    /// <summary>Records that a prompt was built.</summary>
    /// <param name="tokens">Number of its tokens.</param>
    internal void AddPrompt(int tokens) => _promptTokens += tokens;

    /// <summary>Records how many tokens the current turn has generated.</summary>
    internal void TokensGenerated(int ofTurn)
    {
        long now = System.Diagnostics.Stopwatch.GetTimestamp();
        if (_firstToken == 0)
            Volatile.Write(ref _firstToken, now);
        _turn = _turn is { } turn ? turn with { Tokens = ofTurn, Last = now } : new(ofTurn, ofTurn, now, now);
    }

    /// <summary>Records the end of a turn, also of one that failed or was cancelled.</summary>
    internal void TurnEnded(GenerationStatistics statistics)
    {
        _turn = null;
        _statistics = _statistics is { } before ? before + statistics : statistics;
    }

    /// <summary>Records the start of a run. Only the first call has an effect.</summary>
    internal void RunStarted(TimeSpan queue, TimeSpan load) => _start ??= new(queue, load);

    /// <summary>Records that a turn or an embedding is complete. Another one may follow.</summary>
    internal void Completed(FinishReason reason, GenerationTimings timings) => _end = new(reason, _end is { } before ? before.Timings + timings : timings);

    /// <summary>How long the request waited in the queue and for the load of the model, before its first run.</summary>
    internal sealed record RunStart(TimeSpan Queue, TimeSpan Load);

    /// <param name="FirstTokens">Number of tokens that arrived first, together.</param>
    /// <param name="First">When they arrived, as a <see cref="System.Diagnostics.Stopwatch"/> timestamp.</param>
    /// <param name="Last">When the last token arrived.</param>
    private sealed record TurnProgress(int Tokens, int FirstTokens, long First, long Last);

    private sealed record TurnEnd(FinishReason Reason, GenerationTimings Timings);
}
