using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Residency;

/// <summary>
/// Supervises the workers of a resident model. Makes <see cref="WorkerStarter"/> start the first worker, and a new one after each death. The delay before a
/// restart grows from 0 to 8 s with the number of restarts in the last 10 minutes. After the sixth death that does not belong to a request (see
/// <see cref="WorkerDeaths"/>), the model has failed until it is loaded again. If the library or the executable is missing at the last restart, tries it again
/// later, without a limit on attempts. Updates the state of the model. Each load of a model has its own supervisor. Thread-safe.
/// </summary>
#pragma warning disable CA1001 // the CancellationTokenSource has no timer and no handle, and a pending start may use its token after the end
internal sealed partial class WorkerSupervisor
#pragma warning restore CA1001
{
    private const int MaxRestarts = 5;

    private readonly ModelInstance _model;
    private readonly WorkerStarter _starter;
    private readonly FaultLog _faults;
    private readonly FatalRequests _fatal;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _lock = new();

    // Used by one task at a time.
    private readonly RestartHistory _restarts;
    private readonly RetryBackoff _backoff = new();

    // Guarded by _lock.
    private readonly WorkerDeaths _deaths;

    private volatile bool _retriesLater;

    // Guarded by _lock. The session for the next run. Not complete while a worker starts. Faulted if no further worker will be started.
    private Task<IEngineSession> _session;

    /// <summary>
    /// Starts to load the model. Before that, the caller tries to change the state of the model to <see cref="ModelState.Loading"/>. If the change is refused
    /// because the model is still unloading, this class makes the change when <paramref name="previousEnd"/> has completed.
    /// </summary>
    /// <param name="domain">The first NPU domain of the model.</param>
    /// <param name="previousEnd">Completes when the workers of evicted models have ended. The new worker starts after that.</param>
    internal WorkerSupervisor(
        ModelInstance model,
        int domain,
        Task previousEnd,
        IEngine engine,
        MemoryLedger memory,
        FaultLog faults,
        FatalRequests fatal,
        NodeMetrics metrics,
        TimeProvider time,
        ILogger logger)
    {
        (_model, _faults, _fatal, _time, _logger) = (model, faults, fatal, time, logger);
        (_restarts, _deaths) = (new(time), new(model.Name, fatal));
        _starter = new(model, domain, engine, memory, faults, metrics, logger, _end.Token);
        _session = StartFirstAsync(previousEnd);
    }

    /// <summary>Whether the model has failed and the server tries later to start it again.</summary>
    internal bool RetriesLater => _retriesLater;

    /// <summary>
    /// Completes when the current worker has loaded the model. After a crash, returns a new task for the next worker. Fails with the reason if no further
    /// worker will be started.
    /// </summary>
    internal Task Ready
    {
        get
        {
            lock (_lock)
                return _session;
        }
    }

    /// <summary>Starts a run. If the worker is loading or restarting, waits for it.</summary>
    /// <param name="start">
    /// Starts the run on a session. If that session died before the run started, the function is called again with the next session.
    /// </param>
    /// <param name="request">The fingerprint of the request; <see langword="null"/> if the request is never refused.</param>
    /// <exception cref="EngineException">The load failed, or the worker failed and is not restarted.</exception>
    /// <exception cref="FatalRequestException">The request has ended too many workers.</exception>
    internal async Task<EngineRun> StartRunAsync(Func<IEngineSession, EngineRun> start, CancellationToken cancellationToken, UInt128? request = null)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Task<IEngineSession> current;
            lock (_lock)
                current = _session;
            IEngineSession session = await current.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (!session.Died.IsCompleted)
            {
                // The new session of a restart exists only after the death of the previous one was recorded.
                if (request is { } known)
                    _fatal.ThrowIfRefused(_model.Name, known);
                try
                {
                    EngineRun run = start(session);
                    lock (_lock)
                        _deaths.OnRunStarted(session, run, request);
                    return run;
                }
                catch (SessionDiedException)
                {
                    // The run has not started, so it can start on the next session.
                }
            }

            Replace(session, await session.Died.WaitAsync(cancellationToken).ConfigureAwait(false));
        }
    }

    /// <summary>Ends the worker, or cancels its start. Starts no further worker. Completes when the memory of the worker is free.</summary>
    /// <exception cref="WorkerStuckException">The worker survived SIGKILL.</exception>
    internal Task EndAsync()
    {
        _model.TryMove(ModelState.Unloading);
        return EndCurrentAsync();
    }

    private async Task EndCurrentAsync()
    {
        // Continues on the thread pool, because the caller holds the lock of ModelHost.
        await Task.Yield();
        await _end.CancelAsync().ConfigureAwait(false);
        Task<IEngineSession> last;
        lock (_lock)
            last = _session;

        // If the task is faulted or cancelled, there is no worker, or it is stuck.
        await ((Task)last).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (last.Exception?.InnerException is WorkerStuckException stuck)
            throw stuck;
        if (last.IsCompletedSuccessfully)
            await _starter.EndAsync(last.Result, ModelState.NotLoaded).ConfigureAwait(false);
        _model.TryMove(ModelState.NotLoaded);
    }

    private async Task<IEngineSession> StartFirstAsync(Task previousEnd)
    {
        // Continues on the thread pool, because the caller holds the lock of ModelHost.
        await Task.Yield();
        return Watch(await _starter.StartAsync(previousEnd).ConfigureAwait(false));
    }

    private IEngineSession Watch(IEngineSession session)
    {
        _ = WatchAsync(session);
        return session;
    }

    private async Task WatchAsync(IEngineSession session)
    {
        string reason = await session.Died.ConfigureAwait(false);
        Log.Died(_logger, _model.Name, reason);
        _faults.Add(_model.Name, reason);

        // If the session died at once, the task in _session may not have completed yet. Replace needs its result.
        await Ready.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Replace(session, reason);
    }

    /// <summary>Replaces a dead session with a new one, which starts in the background. Only the first call for a session has an effect.</summary>
    private void Replace(IEngineSession dead, string reason)
    {
        lock (_lock)
        {
            if (_end.IsCancellationRequested || _session is not { IsCompletedSuccessfully: true } current || current.Result != dead)
                return;
            _model.TryMove(ModelState.Restarting);
            _session = RestartAsync(dead, reason);
        }
    }

    private async Task<IEngineSession> RestartAsync(IEngineSession dead, string reason)
    {
        await Task.Yield();
        bool isOfRequest = await IsDeathOfRequestAsync(dead).ConfigureAwait(false);
        await _starter.EndAsync(dead, ModelState.Failed).ConfigureAwait(false);
        bool isTransient = false;
        while (true)
        {
            int counted = _restarts.Counted();
            if (!isOfRequest && counted >= MaxRestarts && isTransient)
                throw RetryLater(reason);

            if (!isOfRequest && counted >= MaxRestarts)
            {
                Log.GaveUp(_logger, _model.Name, MaxRestarts, RestartHistory.Window);
                EngineException failure = new($"Model {_model.Name} failed {MaxRestarts} times in {RestartHistory.Window.TotalMinutes:0} minutes and is not started again ({reason}). Requests for it fail until the operator loads it (/load_model) or it has been unloaded.");
                _model.TryMove(ModelState.Failed, failure.Message);
                throw failure;
            }

            await Task.Delay(_restarts.Add(!isOfRequest), _time, _end.Token).ConfigureAwait(false);
            try
            {
                return Watch(await _starter.RestartAsync().ConfigureAwait(false));
            }
            catch (EngineException ex) when (ex is not WorkerStuckException)
            {
                (reason, isTransient, isOfRequest) = (ex.Message, ex.IsTransient, false);
            }
        }
    }

    /// <summary>Decides whether the session died during a run. If so, waits until the run has recorded its end, and charges the death to its request.</summary>
    private async Task<bool> IsDeathOfRequestAsync(IEngineSession dead)
    {
        EngineRun? run;
        lock (_lock)
            run = _deaths.LastRunOf(dead);
        if (run is not null)
            await run.Completion.ConfigureAwait(false);
        lock (_lock)
            return _deaths.OnDeath(dead);
    }

    /// <summary>
    /// Marks the model as failed and starts a task that tries the restart again after a delay. Until then, requests fail with the returned exception.
    /// </summary>
    private EngineException RetryLater(string reason)
    {
        TimeSpan delay = _backoff.Next();
        EngineException failure = new($"Model {_model.Name} is not started again now ({reason}); the next attempt is {delay.TotalSeconds:0} s after the last one.");
        Log.RetriesLater(_logger, _model.Name, delay.TotalSeconds, reason);
        _retriesLater = true;
        _model.TryMove(ModelState.Failed, failure.Message);
        _ = RetryAfterAsync(delay);
        return failure;
    }

    private async Task RetryAfterAsync(TimeSpan delay)
    {
        await Task.Delay(delay, _time, _end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_lock)
        {
            if (_end.IsCancellationRequested)
                return;
            _model.TryMove(ModelState.Restarting);
            _session = RetryAsync();
        }
    }

    private async Task<IEngineSession> RetryAsync()
    {
        await Task.Yield();
        try
        {
            IEngineSession session = Watch(await _starter.RestartAsync().ConfigureAwait(false));
            _retriesLater = false;
            _backoff.Reset();
            _restarts.Clear();
            return session;
        }
        catch (EngineException ex) when (ex is not WorkerStuckException && !_end.IsCancellationRequested)
        {
            throw RetryLater(ex.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 3, Level = LogLevel.Error, Message = "The worker of model {Model} died: {Reason}")]
        internal static partial void Died(ILogger logger, string model, string reason);

        [LoggerMessage(EventId = 5, Level = LogLevel.Critical, Message = "Model {Model} failed {Times} times in {Window}: giving up until it is loaded again")]
        internal static partial void GaveUp(ILogger logger, string model, int times, TimeSpan window);

        [LoggerMessage(EventId = 6, Level = LogLevel.Error, Message = "Model {Model} is not available, next attempt to start it in {Seconds} s: {Reason}")]
        internal static partial void RetriesLater(ILogger logger, string model, double seconds, string reason);
    }
}
