using System.Diagnostics;
using System.Threading.Channels;
using RkLlama.Native;

namespace RkLlama.Engine.Workers;

/// <summary>One token of an answer and the text that it completes, possibly none.</summary>
internal readonly record struct EngineToken(int TokenId, string Text);

/// <summary>How a run ended and when, in <see cref="Stopwatch"/> timestamps taken where the worker's data arrived.</summary>
/// <param name="FirstToken"><see langword="null"/> if there was none.</param>
internal sealed record RunOutcome(GenerationEnd End, long? FirstToken, long Ended)
{
    /// <summary>A vector of length 1; only of a successful embedding.</summary>
    internal float[]? Embedding { get; init; }
}

/// <summary>Why a run was aborted before its own end.</summary>
internal enum AbortCause
{
    /// <summary>The client disconnected, or a retry replaced its request.</summary>
    ClientLeft,

    /// <summary>The operator unloaded the model.</summary>
    Unloaded,

    /// <summary>The answer reached its bound in tokens.</summary>
    Length,

    /// <summary>The answer met a stop sequence of the request.</summary>
    StopSequence,

    /// <summary>The answer repeated itself.</summary>
    Repetition,

    /// <summary>The model used up its thinking budget; another run continues the answer.</summary>
    ThinkingBudget,
}

/// <summary>
/// One run. The engine adds tokens and completes it; its owner reads the tokens, waits for the completion and may abort.
/// </summary>
/// <param name="abort">Asks the runtime to end the run, any number of times; returns at once.</param>
internal class EngineRun(Action<EngineRun> abort)
{
    // Tokens in batches, as they arrived together. The size is bounded by the answer's, so a slow reader never blocks the worker. A waiting reader continues
    // on the engine's thread, up to the socket: at an NPU's pace the way through the thread pool takes two wake-ups, which cost more than everything else.
    // Nothing blocks there, and the run's end comes from the pool, so other requests are not delayed.
    private readonly Channel<EngineToken[]> _tokens = Channel.CreateUnbounded<EngineToken[]>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = true });

    private readonly TaskCompletionSource<RunOutcome> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Engine's thread only: tokens to write together, when the last one arrived, and the first.
    private readonly List<EngineToken> _pending = [];
    private long _lastToken;
    private long? _firstToken;

    // An AbortCause, or -1; the first one counts.
    private int _abortCause = -1;

    /// <summary>The tokens in order, in batches that arrived together.</summary>
    internal ChannelReader<EngineToken[]> Tokens => _tokens.Reader;

    /// <summary>How the run ended. Set when the runtime itself is done or dead, not before: the next run may start then.</summary>
    internal Task<RunOutcome> Completion => _completion.Task;

    /// <summary>The first reason to abort the run; <see langword="null"/> if it was not aborted.</summary>
    internal AbortCause? AbortCause => Volatile.Read(ref _abortCause) is >= 0 and var cause ? (AbortCause)cause : null;

    /// <summary>Asks for the end of the run. Returns at once, any number of times.</summary>
    internal void Abort(AbortCause cause)
    {
        Interlocked.CompareExchange(ref _abortCause, (int)cause, -1);
        abort(this);
    }

    /// <summary>Engine's thread: a token has arrived. <see cref="Flush"/> passes it on.</summary>
    /// <returns>The time since the token before it; <see langword="null"/> for the first.</returns>
    internal TimeSpan? Add(EngineToken token)
    {
        _pending.Add(token);
        long last = _lastToken;
        _lastToken = Stopwatch.GetTimestamp();
        if (_firstToken is not null)
            return Stopwatch.GetElapsedTime(last, _lastToken);
        _firstToken = _lastToken;
        return null;
    }

    /// <summary>Engine's thread: passes the tokens on that have arrived.</summary>
    internal void Flush()
    {
        if (_pending.Count == 0)
            return;
        EngineToken[] tokens = [.. _pending];
        _pending.Clear();
        _tokens.Writer.TryWrite(tokens);
    }

    /// <summary>Any thread, after the last token: the runtime is done with the run. Idempotent.</summary>
    internal void Complete(GenerationEnd end, float[]? embedding = null)
    {
        _tokens.Writer.TryComplete();
        _completion.TrySetResult(new(end, _firstToken, Stopwatch.GetTimestamp()) { Embedding = embedding });
    }
}
