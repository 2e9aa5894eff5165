using System.Diagnostics;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Models;
using RkLlama.Engine.Workers;
using RkLlama.Prompts.Files;

namespace RkLlama.Engine.Residency;

/// <summary>
/// Supervises the workers of a resident model. Starts the first worker, and a new one after each crash, at most 5 times in 10 minutes. The delay before a
/// restart grows from 0 to 8 s. If the library or the executable is missing at the last restart, tries it again later, without a limit on attempts. Updates
/// the state of the model. Each load of a model has its own supervisor. Thread-safe.
/// </summary>
#pragma warning disable CA1001 // the CancellationTokenSource has no timer and no handle, and a pending start may use its token after the end
internal sealed partial class WorkerSupervisor
#pragma warning restore CA1001
{
    private const int MaxRestarts = 5;
    private static readonly TimeSpan RestartWindow = TimeSpan.FromMinutes(10);

    private readonly ModelInstance _model;
    private readonly IEngine _engine;
    private readonly FaultLog _faults;
    private readonly NodeMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _lock = new();

    // Times of the restarts in the last 10 minutes, oldest first. Used by one task at a time. They are timestamps of the monotonic clock, because a board
    // corrects its wall clock when it first reaches a time server.
    private readonly Queue<long> _restarts = new();
    private readonly RetryBackoff _backoff = new();

    // Guarded by _lock. The session for the next run. Not complete while a worker starts. Faulted if no further worker will be started.
    private Task<IEngineSession> _session;

    /// <summary>
    /// Starts to load the model. Before that, the caller tries to change the state of the model to <see cref="ModelState.Loading"/>. If the change is refused
    /// because the model is still unloading, this class makes the change when <paramref name="previousEnd"/> has completed.
    /// </summary>
    /// <param name="previousEnd">Completes when the worker of the previous model has ended. The new worker starts after that.</param>
    internal WorkerSupervisor(
        ModelInstance model, Task previousEnd, IEngine engine, FaultLog faults, NodeMetrics metrics, TimeProvider time, ILogger logger)
    {
        (_model, _engine, _faults, _metrics, _time, _logger) = (model, engine, faults, metrics, time, logger);
        _session = StartFirstAsync(previousEnd);
    }

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
    /// <exception cref="EngineException">The load failed, or the worker failed and is not restarted.</exception>
    internal async Task<EngineRun> StartRunAsync(Func<IEngineSession, EngineRun> start, CancellationToken cancellationToken)
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
                try
                {
                    return start(session);
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
            await EndSessionAsync(last.Result, ModelState.NotLoaded).ConfigureAwait(false);
        _model.TryMove(ModelState.NotLoaded);
    }

    /// <summary>Disposes the session.</summary>
    /// <param name="afterwards">The state of the model after a stuck worker has exited. Used only if the worker of the session is stuck.</param>
    /// <exception cref="WorkerStuckException">The worker survived SIGKILL.</exception>
    private async Task EndSessionAsync(IEngineSession session, ModelState afterwards)
    {
        await session.DisposeAsync().ConfigureAwait(false);
        if (session.Stuck is not { } stuck)
            return;

        BecomeStuck(stuck, afterwards);
        throw stuck;
    }

    private void BecomeStuck(WorkerStuckException stuck, ModelState afterwards)
    {
        _model.TryMove(ModelState.Stuck, stuck.Message);
        _ = LeaveStuckAsync();

        async Task LeaveStuckAsync()
        {
            await stuck.Exited.ConfigureAwait(false);
            _model.TryMove(afterwards, stuck.Message);
        }
    }

    private async Task<IEngineSession> StartFirstAsync(Task previousEnd)
    {
        // Continues on the thread pool, because the caller holds the lock of ModelHost.
        await Task.Yield();
        try
        {
            // If the previous worker could not be ended, this load can start nevertheless, unless that worker is stuck.
            await previousEnd.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (previousEnd.Exception?.InnerException is WorkerStuckException { Exited.IsCompleted: false } stuck)
                throw stuck;

            // If this model was still Unloading when the constructor was called, its change to Loading was refused. Now it is possible.
            _model.TryMove(ModelState.Loading);

            // The model is resident now, so if it is deleted after this check, the deletion ends this load.
            if (FileStatus.Of(_model.Entry.Directory ?? _model.Entry.ModelPath) is null)
                throw new EngineException($"the model {_model.Name} no longer exists") { Code = FailureCode.ModelNotFound };
            if (MemoryCheck.FindProblem(_model.Entry.ModelPath, MemoryCheck.AvailableBytes()) is { } shortage)
                throw new EngineException(shortage) { Code = FailureCode.OutOfMemory };

            // Prompts ends by itself after the load timeout. EndAsync does not wait for that.
            await _model.Prompts.WaitAsync(_end.Token).ConfigureAwait(false);
            return await StartAsync(ModelState.NotLoaded).ConfigureAwait(false);
        }
        catch (EngineException ex) when (!_end.IsCancellationRequested)
        {
            Log.NotLoaded(_logger, _model.Name, ex.Message);
            _faults.Add(_model.Name, ex.Message);
            _metrics.RecordModelLoadFailure();
            if (_model.State != ModelState.Stuck)
                _model.TryMove(ModelState.NotLoaded);
            throw;
        }
    }

    /// <summary>Starts a worker and waits until it has loaded the model.</summary>
    /// <param name="afterwards">The state of the model after a stuck worker has exited. Used only if the new worker is stuck.</param>
    private async Task<IEngineSession> StartAsync(ModelState afterwards)
    {
        long start = Stopwatch.GetTimestamp();
        IEngineSession session;
        try
        {
            session = await _engine.LoadAsync(_model.Engine, _end.Token).ConfigureAwait(false);
        }
        catch (WorkerStuckException ex)
        {
            BecomeStuck(ex, afterwards);
            throw;
        }

        TimeSpan took = Stopwatch.GetElapsedTime(start);
        _metrics.RecordModelLoad(_model.Name, took);
        Log.Loaded(_logger, _model.Name, (long)took.TotalMilliseconds, session.Facts.RuntimeVersion, session.Facts.MaxContextLength);
        _model.TryBecomeReady(session.Facts, session.ProcessId);
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
        await EndSessionAsync(dead, ModelState.Failed).ConfigureAwait(false);
        bool isTransient = false;
        while (true)
        {
            while (_restarts.TryPeek(out long oldest) && _time.GetElapsedTime(oldest) > RestartWindow)
                _restarts.Dequeue();

            if (_restarts.Count >= MaxRestarts && isTransient)
                throw RetryLater(reason);

            if (_restarts.Count >= MaxRestarts)
            {
                Log.GaveUp(_logger, _model.Name, MaxRestarts, RestartWindow);
                EngineException failure = new($"Model {_model.Name} failed {MaxRestarts} times in {RestartWindow.TotalMinutes:0} minutes and is not started again ({reason}); load it again.");
                _model.TryMove(ModelState.Failed, failure.Message);
                throw failure;
            }

            // The delay is 0, 1, 2, 4 or 8 seconds if there were 0, 1, 2, 3 or 4 restarts in the last 10 minutes.
            TimeSpan delay = TimeSpan.FromSeconds(_restarts.Count == 0 ? 0 : 1 << (_restarts.Count - 1));
            _restarts.Enqueue(_time.GetTimestamp());
            await Task.Delay(delay, _time, _end.Token).ConfigureAwait(false);
            try
            {
                return await StartAsync(ModelState.Failed).ConfigureAwait(false);
            }
            catch (EngineException ex) when (ex is not WorkerStuckException)
            {
                (reason, isTransient) = (ex.Message, ex.IsTransient);
                RecordFailedRestart(reason);
            }
        }
    }

    /// <summary>
    /// Marks the model as failed and starts a task that tries the restart again after a delay. Until then, requests fail with the returned exception.
    /// </summary>
    private EngineException RetryLater(string reason)
    {
        TimeSpan delay = _backoff.Next();
        EngineException failure = new($"Model {_model.Name} could not be started again ({reason}); the next attempt is {delay.TotalSeconds:0} s after the last one.");
        Log.RetriesLater(_logger, _model.Name, delay.TotalSeconds, reason);
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
            IEngineSession session = await StartAsync(ModelState.Failed).ConfigureAwait(false);
            _backoff.Reset();
            _restarts.Clear();
            return session;
        }
        catch (EngineException ex) when (ex is not WorkerStuckException && !_end.IsCancellationRequested)
        {
            RecordFailedRestart(ex.Message);
            throw RetryLater(ex.Message);
        }
    }

    private void RecordFailedRestart(string reason)
    {
        _metrics.RecordModelLoadFailure();
        _faults.Add(_model.Name, reason);
        Log.RestartFailed(_logger, _model.Name, reason);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Model {Model} loaded in {LoadMs} ms (runtime {Runtime}, context length {ContextLength})")]
        internal static partial void Loaded(ILogger logger, string model, long loadMs, string runtime, int contextLength);

        [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message = "Model {Model} is not loaded: {Reason}")]
        internal static partial void NotLoaded(ILogger logger, string model, string reason);

        [LoggerMessage(EventId = 3, Level = LogLevel.Error, Message = "The worker of model {Model} died: {Reason}")]
        internal static partial void Died(ILogger logger, string model, string reason);

        [LoggerMessage(EventId = 4, Level = LogLevel.Error, Message = "Model {Model} could not be loaded again: {Reason}")]
        internal static partial void RestartFailed(ILogger logger, string model, string reason);

        [LoggerMessage(EventId = 5, Level = LogLevel.Critical, Message = "Model {Model} failed {Times} times in {Window}: giving up until it is loaded again")]
        internal static partial void GaveUp(ILogger logger, string model, int times, TimeSpan window);

        [LoggerMessage(EventId = 6, Level = LogLevel.Error, Message = "Model {Model} is not available, next attempt to start it in {Seconds} s: {Reason}")]
        internal static partial void RetriesLater(ILogger logger, string model, double seconds, string reason);
    }
}
