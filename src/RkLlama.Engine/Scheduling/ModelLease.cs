using System.Diagnostics;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Scheduling;

/// <summary>
/// The permission to start runs on a model, one after the other. Holds a queue slot until the lease is disposed and its last run has ended, because the NPU is
/// busy until the runtime has ended the run. <see cref="Abort"/> may be called from any thread.
/// </summary>
internal sealed class ModelLease : IDisposable
{
    private readonly QueueSlot _slot;
    private readonly ModelInstance _model;
    private readonly WorkerSupervisor _worker;
    private readonly ModelHost _host;
    private readonly KvCaches _caches;
    private readonly TimeSpan? _keepAlive;
    private readonly TimeSpan _loads;
    private readonly long _granted;
    private readonly Lock _lock = new();

    // The contents of the KV cache after the last run; null if it is empty or its contents are not known.
    private KvCacheContents? _contents;

    // Guarded by _lock.
    private EngineRun? _run;
    private AbortCause? _aborted;
    private bool _isDisposed;

    /// <param name="keepAlive">How long the model stays loaded after the lease; <see langword="null"/> for the node's default, negative for no limit.</param>
    /// <param name="queueTime">How long the request waited in the queue.</param>
    /// <param name="loads">How long the request waited for loads that it has started.</param>
    /// <param name="granted">When the request got the slot, as a <see cref="Stopwatch"/> timestamp.</param>
    internal ModelLease(
        QueueSlot slot, ModelInstance model, WorkerSupervisor worker, ModelHost host, KvCaches caches, TimeSpan? keepAlive, TimeSpan queueTime, TimeSpan loads, long granted)
    {
        (_slot, _model, _worker, _host, _caches, _keepAlive, _granted) = (slot, model, worker, host, caches, keepAlive, granted);
        (QueueTime, _loads) = (queueTime, loads);
    }

    /// <summary>How long the request waited in the queue.</summary>
    internal TimeSpan QueueTime { get; }

    /// <summary>
    /// The time of the loads that the request has started, and from getting the queue slot to the start of the first run: almost zero if the model is loaded. Valid after the first
    /// run has started.
    /// </summary>
    internal TimeSpan LoadTime => _loads + Stopwatch.GetElapsedTime(_granted, Started);

    /// <summary>When the first run started, as a <see cref="Stopwatch"/> timestamp; 0 before that.</summary>
    internal long Started { get; private set; }

    /// <summary>Whether the next run must clear the KV cache, because it may have tokens of another client and clients do not share caches.</summary>
    internal bool ClearsCache
    {
        get => field && Started == 0;
        init;
    }

    /// <summary>How long the request waited for the slot, by the clock of the queue. See <see cref="QueuedRequest.Waited"/>.</summary>
    internal TimeSpan Waited => _slot.Waited;

    /// <summary>Cancelled when another request waits and this lease is the one of a background request. The holder may keep the lease.</summary>
    internal CancellationToken Wanted => _slot.Wanted;

    /// <summary>Starts a run. The previous run must have ended. If the worker is restarting, waits for it.</summary>
    /// <param name="start">
    /// Starts the run on a session. If that session died before the run started, the function is called again with the next session.
    /// </param>
    /// <param name="request">The fingerprint of the request; <see langword="null"/> if the request is never refused.</param>
    /// <returns>The run. If <see cref="Abort"/> was called before, the abort of this run is already requested.</returns>
    /// <exception cref="NoModelException">The model was unloaded before the run started.</exception>
    /// <exception cref="EngineException">The model's worker failed and is not restarted.</exception>
    /// <exception cref="FatalRequestException">The request has ended too many workers.</exception>
    internal async Task<EngineRun> StartRunAsync(Func<IEngineSession, EngineRun> start, CancellationToken cancellationToken, UInt128? request = null)
    {
        EngineRun run;
        using (CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _model.Unloaded))
        {
            try
            {
                run = await _worker.StartRunAsync(start, ended.Token, request).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_model.Unloaded.IsCancellationRequested)
            {
                throw new ModelUnloadedException(_model.Name);
            }
        }

        _contents = null;
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

    /// <summary>Records what the KV cache contains after the last run. Without this call, its contents are not known. The run must have ended.</summary>
    internal void SetKvCache(KvCacheContents contents) => _contents = contents;

    /// <summary>Requests the abort of the active run and of each run that this lease starts later. Returns at once. The first cause is kept.</summary>
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

    /// <summary>Restarts the idle timer of the model and releases the queue slot when the active run has ended. Returns at once.</summary>
    public void Dispose() => TryDispose();

    /// <summary>Disposes the lease.</summary>
    /// <returns>Whether this was the first call.</returns>
    internal bool TryDispose()
    {
        EngineRun? run;
        lock (_lock)
        {
            if (_isDisposed)
                return false;
            _isDisposed = true;
            run = _run;
        }

        if (run is null || run.Completion.IsCompleted)
            Release();
        else
            _ = ReleaseAfterAsync(run);
        return true;
    }

    private async Task ReleaseAfterAsync(EngineRun run)
    {
        await ((Task)run.Completion).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Release();
    }

    private void Release()
    {
        try
        {
            _model.EndRun();
            if (Started != 0)
                _caches.Record(_model, _contents);
            _host.ResetIdleTimer(_model.First, _keepAlive);
        }
        finally
        {
            _slot.Dispose();
        }
    }
}
