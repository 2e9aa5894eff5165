using System.Diagnostics;
using System.Threading.Channels;
using RkLlama.Native;

namespace RkLlama.Engine.Workers;

/// <summary>A generated token.</summary>
/// <param name="Text">The text that the token completes. Empty if the token completes no character.</param>
internal readonly record struct EngineToken(int TokenId, string Text);

/// <summary>How and when a run ended. The times are <see cref="Stopwatch"/> timestamps of the arrival of the worker's frames.</summary>
/// <param name="FirstToken">When the first token arrived; <see langword="null"/> if there was none.</param>
/// <param name="Ended">When the run ended.</param>
internal sealed record RunOutcome(RunEnd End, long? FirstToken, long Ended)
{
    /// <summary>The embedding, normalized to length 1; <see langword="null"/> if the run was not an embedding or failed.</summary>
    internal float[]? Embedding { get; init; }
}

/// <summary>The reason why the server aborted a run.</summary>
internal enum AbortCause
{
    /// <summary>The client disconnected, or a retry replaced the request.</summary>
    ClientDisconnected,

    /// <summary>The operator unloaded the model.</summary>
    Unloaded,

    /// <summary>The generation reached its maximum number of tokens.</summary>
    Length,

    /// <summary>The output contains a stop sequence of the request.</summary>
    StopSequence,

    /// <summary>The model repeated one phrase too often.</summary>
    Repetition,

    /// <summary>The reasoning reached the thinking budget. Another run may continue the generation.</summary>
    ThinkingBudget,
}

/// <summary>
/// One run of a model. The engine adds tokens and completes the run. The owner reads the tokens, waits for the completion and may abort the run.
/// </summary>
/// <param name="abort">Requests the abort of the run from the runtime. Must return at once. May be called several times.</param>
internal class EngineRun(Action<EngineRun> abort)
{
    // Each item is a batch of tokens that arrived together. The channel is unbounded, but the number of tokens is limited by max new tokens, so a slow
    // reader never blocks the worker. A waiting reader continues synchronously on the engine's thread, up to the socket write. Through the thread pool, each
    // token would need two thread wake-ups, which cost more than all other work per token. The reader does not block that thread, and Completion continues
    // on the thread pool, so other requests are not delayed.
    private readonly Channel<EngineToken[]> _tokens = Channel.CreateUnbounded<EngineToken[]>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = true });

    private readonly TaskCompletionSource<RunOutcome> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Used on the engine's thread only: tokens that are not written yet, and the arrival of the last and of the first token in Stopwatch timestamps.
    private readonly List<EngineToken> _pending = [];
    private long _lastToken;
    private long? _firstToken;

    // An AbortCause, or -1 for none. Set once: the first cause wins.
    private int _abortCause = -1;

    /// <summary>The tokens in order, in batches that arrived together.</summary>
    internal ChannelReader<EngineToken[]> Tokens => _tokens.Reader;

    /// <summary>Completes when the runtime has ended the run or the worker has died, not earlier. After that, the next run may start.</summary>
    internal Task<RunOutcome> Completion => _completion.Task;

    /// <summary>The first cause given to <see cref="Abort"/>; <see langword="null"/> if the run was not aborted.</summary>
    internal AbortCause? AbortCause => Volatile.Read(ref _abortCause) is >= 0 and var cause ? (AbortCause)cause : null;

    /// <summary>Requests the abort of the run and returns at once. May be called several times, from any thread.</summary>
    internal void Abort(AbortCause cause)
    {
        Interlocked.CompareExchange(ref _abortCause, (int)cause, -1);
        abort(this);
    }

    /// <summary>Adds a token that has arrived. The reader gets it with the next <see cref="Flush"/>. Called on the engine's thread.</summary>
    /// <returns>The time since the previous token; <see langword="null"/> for the first one.</returns>
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

    /// <summary>Passes the added tokens to the reader as one batch. Called on the engine's thread.</summary>
    internal void Flush()
    {
        if (_pending.Count == 0)
            return;
        EngineToken[] tokens = [.. _pending];
        _pending.Clear();
        _tokens.Writer.TryWrite(tokens);
    }

    /// <summary>Completes the run after its last token, when the runtime has ended it. Idempotent. Any thread.</summary>
    internal void Complete(RunEnd end, float[]? embedding = null)
    {
        _tokens.Writer.TryComplete();
        _completion.TrySetResult(new(end, _firstToken, Stopwatch.GetTimestamp()) { Embedding = embedding });
    }
}
