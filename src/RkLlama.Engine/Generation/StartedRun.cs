using System.Diagnostics;
using RkLlama.Engine.Workers;
using RkLlama.Native;

namespace RkLlama.Engine.Generation;

/// <summary>
/// A run that has its turn. Its reader may have it go on with a longer prompt in the same turn, so that nobody comes between and the KV cache still
/// has the beginning. Used by the reader of the answer and by whoever passes the turn on, at once.
/// </summary>
/// <param name="joined">When its wait in line began, in <see cref="Stopwatch"/> timestamps.</param>
/// <param name="turnTaken">When that ended.</param>
/// <param name="started">When the runtime got it; what lies between is the load of its model.</param>
internal sealed class StartedRun(EngineRun first, long joined, long turnTaken, long started)
{
    private readonly Lock _lock = new();

    // Guarded by _lock.
    private EngineRun? _next;
    private AbortCause? _aborted;
    private Continuation? _continuation;
    private bool _isOver;

    /// <summary>The wait in line.</summary>
    internal TimeSpan Queue => Stopwatch.GetElapsedTime(joined, turnTaken);

    /// <summary>The load of its model; next to nothing when that was there.</summary>
    internal TimeSpan Load => Stopwatch.GetElapsedTime(turnTaken, started);

    internal long Started => started;

    internal EngineRun First { get; } = first;

    /// <summary>Ends the run, and any that would follow it.</summary>
    internal void Abort(AbortCause cause)
    {
        EngineRun run;
        lock (_lock)
        {
            _aborted ??= cause;
            run = _next ?? First;
        }

        run.Abort(cause);
    }

    /// <summary>Has the run end, and another one with this input begin in its turn.</summary>
    /// <returns>The next run, or null where this one has ended by itself and its turn is passed on already.</returns>
    internal Task<EngineRun>? TryContinue(GenerationInput input, RunParameters parameters)
    {
        Continuation next = new(input, parameters);
        EngineRun run;
        lock (_lock)
        {
            if (_isOver || _aborted is not null)
                return null;
            _continuation = next;
            run = _next ?? First;
        }

        run.Abort(AbortCause.ThinkingBudget);
        return next.Run.Task;
    }

    /// <summary>What to start in the same turn now that the run has ended; null for nothing, and then nothing will be.</summary>
    internal Continuation? TakeContinuation()
    {
        lock (_lock)
        {
            Continuation? next = _aborted is null ? _continuation : null;
            if (next is null)
                _continuation?.Run.TrySetCanceled();
            _continuation = null;
            _isOver = next is null;
            return next;
        }
    }

    /// <summary>The continuation has begun.</summary>
    internal void GoOn(Continuation continuation, EngineRun run)
    {
        AbortCause? aborted;
        lock (_lock)
        {
            _next = run;
            aborted = _aborted;
        }

        continuation.Run.TrySetResult(run);
        if (aborted is { } cause)
            run.Abort(cause);
    }

    internal sealed record Continuation(GenerationInput Input, RunParameters Parameters)
    {
        internal TaskCompletionSource<EngineRun> Run { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
