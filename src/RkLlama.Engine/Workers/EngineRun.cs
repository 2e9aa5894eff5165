using System.Diagnostics;
using System.Threading.Channels;
using RkLlama.Native;

namespace RkLlama.Engine.Workers;

/// <summary>A generated token, or the rest of the text at the end of a run.</summary>
/// <param name="TokenId">
/// Id in the vocabulary of the model; −1 for the rest of the text. A run has such a rest only if its last token ends within a character.
/// </param>
/// <param name="Text">
/// The characters that this token completes. Empty if it completes none, for example because it ends within a character that a later token completes.
/// </param>
internal readonly record struct EngineToken(int TokenId, string Text);

/// <summary>How and when a run ended. The times are <see cref="Stopwatch"/> timestamps of the server process.</summary>
/// <param name="FirstToken">When the server received the first token; <see langword="null"/> if the run generated no token.</param>
/// <param name="Ended">When the server recorded the end of the run.</param>
internal sealed record RunOutcome(RunEnd End, long? FirstToken, long Ended)
{
    /// <summary>When the run started; 0 if it is not known.</summary>
    internal long Started { get; init; }

    /// <summary>
    /// The embedding, with one value per hidden dimension and length 1, or the logits of the requested tokens. <see langword="null"/> if the run generated text, was
    /// aborted or failed.
    /// </summary>
    internal float[]? Vector { get; init; }

    /// <summary>The prompt, if the runtime refused the run because the prompt is longer than the context; otherwise <see langword="null"/>.</summary>
    internal RefusedPrompt? RefusedPrompt { get; init; }

    /// <summary>How the worker died during the run, which ended the run; <see langword="null"/> if the run ended otherwise.</summary>
    internal WorkerDeath? Death { get; init; }
}

/// <summary>A prompt that is longer than the context.</summary>
/// <param name="Tokens">Number of tokens of the prompt; <see langword="null"/> if the runtime did not say it.</param>
internal readonly record struct RefusedPrompt(int? Tokens);

/// <summary>How a worker died.</summary>
internal enum WorkerDeath
{
    /// <summary>The worker ended itself: a signal such as SIGSEGV, or an exit in the vendor library.</summary>
    Crash,

    /// <summary>The server killed the worker, because the run exceeded a timeout and ignored the abort.</summary>
    Hang,

    /// <summary>Something outside of the server killed the worker with SIGKILL, usually the kernel because of too little memory.</summary>
    Killed,
}

/// <summary>The reason why the server aborted a run.</summary>
internal enum AbortCause
{
    /// <summary>The client disconnected, a retry replaced the request, or the server no longer reads the output.</summary>
    ClientDisconnected,

    /// <summary>The operator unloaded the model, or the server stopped before the run had ended.</summary>
    Unloaded,

    /// <summary>The generation reached its maximum number of tokens.</summary>
    Length,

    /// <summary>The output contains a stop sequence of the request.</summary>
    StopSequence,

    /// <summary>The model generated a token that ends its answer, and the runtime did not end the run.</summary>
    EndToken,

    /// <summary>The output repeated a phrase more times in a row than <c>NodeOptions.MaxRepetitions</c> allows.</summary>
    Repetition,

    /// <summary>The reasoning reached its maximum number of tokens. A second run may continue the generation without reasoning.</summary>
    ThinkingBudget,

    /// <summary>A background run gives way to another request. A later run continues the generation.</summary>
    GivesWay,

    /// <summary>The output violates its JSON format. A later run continues behind the corrected output, unless there were too many corrections.</summary>
    Correction,

    /// <summary>The JSON document that the request asks for is complete, and the model has continued.</summary>
    Complete,
}

/// <summary>
/// One run of a model: the runtime processes one input, and generates tokens or an embedding. The caller that starts the run reads the tokens, waits for
/// <see cref="Completion"/> and may abort the run. The engine adds the tokens and completes the run. It adds all tokens on one thread, the engine's thread.
/// </summary>
/// <param name="abort">
/// Asks the runtime to abort the run. Must return at once, without waiting for the end of the run. May be called several times, from any thread.
/// </param>
internal class EngineRun(Action<EngineRun> abort)
{
    // Each item is a batch of tokens that arrived together. The channel is unbounded, so a slow reader never blocks the engine's thread. Max new tokens limits
    // its length. If the reader waits, Flush executes the code of the reader on the engine's thread, up to the write to the socket. On the thread pool instead,
    // each token would need two more thread wake-ups, which cost more than all other work per token. The reader does not block that thread. Completion
    // continues on the thread pool.
    private readonly Channel<EngineToken[]> _tokens = Channel.CreateUnbounded<EngineToken[]>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = true });

    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly TaskCompletionSource<RunOutcome> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Written on the engine's thread only: the tokens since the last Flush, and the Stopwatch timestamps of the last and of the first token.
    private readonly List<EngineToken> _pending = [];
    private long _lastToken;
    private long? _firstToken;

    // The AbortCause of the first call of Abort; -1 before that.
    private int _abortCause = -1;

    /// <summary>
    /// The tokens in order. Each item is a batch of tokens that arrived together. The channel ends when the run has ended; it never has an error.
    /// </summary>
    internal ChannelReader<EngineToken[]> Tokens => _tokens.Reader;

    /// <summary>
    /// Completes when the runtime has ended the run, or when the session has died. The next run may start only after that. Never fails: if the run failed,
    /// <see cref="RunOutcome.End"/> has the error.
    /// </summary>
    internal Task<RunOutcome> Completion => _completion.Task;

    /// <summary>
    /// The cause that the first call of <see cref="Abort"/> gave; <see langword="null"/> if it was not called. A timeout of the run sets no cause.
    /// </summary>
    internal AbortCause? AbortCause => Volatile.Read(ref _abortCause) is >= 0 and var cause ? (AbortCause)cause : null;

    /// <summary>
    /// Requests the abort of the run and returns at once; the run ends later. May be called several times, from any thread. The first cause is kept.
    /// </summary>
    internal void Abort(AbortCause cause)
    {
        Interlocked.CompareExchange(ref _abortCause, (int)cause, -1);
        abort(this);
    }

    /// <summary>Adds a token that has arrived. The reader gets it after the next <see cref="Flush"/>. Called on the engine's thread.</summary>
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

    /// <summary>Completes the run, because the runtime has ended it or the session has died. Later calls have no effect. Any thread.</summary>
    /// <param name="vector">The result of an embedding run; else <see langword="null"/>.</param>
    /// <param name="death">How the worker died during the run; <see langword="null"/> if it did not.</param>
    /// <param name="refused">The prompt, if it was too long; else <see langword="null"/>.</param>
    internal void Complete(RunEnd end, float[]? vector = null, WorkerDeath? death = null, RefusedPrompt? refused = null)
    {
        _tokens.Writer.TryComplete();
        _completion.TrySetResult(new(end, _firstToken, Stopwatch.GetTimestamp()) { Started = _started, Vector = vector, Death = death, RefusedPrompt = refused });
    }
}
