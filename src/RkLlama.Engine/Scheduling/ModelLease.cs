using System.Diagnostics;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Scheduling;

/// <summary>
/// The right to run on a model. Holds a queue slot until it is disposed and its last run has ended: only the runtime's own end frees the NPU. Runs start one
/// after the other; <see cref="Abort"/> may come from any thread.
/// </summary>
internal sealed class ModelLease : IDisposable
{
    private readonly QueueSlot _slot;
    private readonly ModelInstance _model;
    private readonly WorkerSupervisor _worker;
    private readonly ModelHost _host;
    private readonly TimeSpan? _keepAlive;
    private readonly long _granted;
    private readonly Lock _lock = new();

    // Guarded by _lock.
    private EngineRun? _run;
    private AbortCause? _aborted;
    private bool _isDisposed;

    /// <param name="granted">When the queue gave the slot, in <see cref="Stopwatch"/> timestamps.</param>
    internal ModelLease(
        QueueSlot slot, ModelInstance model, WorkerSupervisor worker, ModelHost host, TimeSpan? keepAlive, TimeSpan queueTime, long granted)
    {
        (_slot, _model, _worker, _host, _keepAlive, _granted) = (slot, model, worker, host, keepAlive, granted);
        QueueTime = queueTime;
    }

    /// <summary>The time in the queue.</summary>
    internal TimeSpan QueueTime { get; }

    /// <summary>The time from the slot to the start of the first run: the load of the model, or next to nothing.</summary>
    internal TimeSpan LoadTime => Stopwatch.GetElapsedTime(_granted, Started);

    /// <summary>When the first run started, in <see cref="Stopwatch"/> timestamps; 0 before.</summary>
    internal long Started { get; private set; }

    /// <summary>Starts a run. The run before it must have ended. Waits if the worker restarts.</summary>
    /// <param name="start">Starts it on a session; called again if that session has died before it took the run.</param>
    /// <returns>A run that is aborted already if the lease was.</returns>
    /// <exception cref="NoModelException">The model was unloaded meanwhile.</exception>
    /// <exception cref="EngineException">The model's worker failed and is not restarted.</exception>
    internal async Task<EngineRun> StartRunAsync(Func<IEngineSession, EngineRun> start, CancellationToken cancellationToken)
    {
        EngineRun run;
        using (CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _model.Unloaded))
        {
            try
            {
                run = await _worker.StartRunAsync(start, ended.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_model.Unloaded.IsCancellationRequested)
            {
                throw new NoModelException();
            }
        }

        _model.TryMove(ModelState.Running);
        AbortCause? aborted;
        lock (_lock)
        {
            if (Started == 0)
                Started = Stopwatch.GetTimestamp();
            _run = run;
            aborted = _aborted;
        }

        if (aborted is { } cause)
            run.Abort(cause);
        return run;
    }

    /// <summary>Asks the runtime to end the active run, and every run that this lease starts later. Idempotent; the first cause counts.</summary>
    internal void Abort(AbortCause cause)
    {
        EngineRun? run;
        lock (_lock)
        {
            _aborted ??= cause;
            run = _run;
        }

        run?.Abort(cause);
    }

    /// <summary>Passes the slot on, once the active run has ended. Returns at once.</summary>
    public void Dispose()
    {
        EngineRun? run;
        lock (_lock)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            run = _run;
        }

        if (run is null || run.Completion.IsCompleted)
            Release();
        else
            _ = ReleaseAfterAsync(run);
    }

    private async Task ReleaseAfterAsync(EngineRun run)
    {
        await ((Task)run.Completion).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Release();
    }

    private void Release()
    {
        _model.EndRun();
        _host.ResetIdleTimer(_model, _keepAlive);
        _slot.Dispose();
    }
}
