using System.Diagnostics;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Models;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Residency;

/// <summary>
/// Keeps a loaded model's worker alive: the first one, and others in the place of dead ones, ever more slowly and not for ever. One per load of a
/// model; any thread.
/// </summary>
#pragma warning disable CA1001 // the source has no timer and no handle, and a worker that is to come may look at its token after the end
internal sealed partial class SessionKeeper
#pragma warning restore CA1001
{
    private const int MaxRestarts = 5;
    private static readonly TimeSpan RestartWindow = TimeSpan.FromMinutes(10);

    private readonly LoadedModel _model;
    private readonly IEngine _engine;
    private readonly NodeFaults _faults;
    private readonly NodeMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _lock = new();

    // Touched by the one restart that goes on at a time. Timestamps: a board sets its clock when it finds a time server.
    private readonly Queue<long> _restarts = new();

    // Guarded by _lock. The session to run on; not done while a worker loads or is replaced, failed when there will be none.
    private Task<IEngineSession> _session;
    private bool _hasDied;

    /// <summary>Starts to load the model.</summary>
    /// <param name="room">What has to happen first: the end of the model before.</param>
    internal SessionKeeper(LoadedModel model, Task room, IEngine engine, NodeFaults faults, NodeMetrics metrics, TimeProvider time, ILogger logger)
    {
        (_model, _engine, _faults, _metrics, _time, _logger) = (model, engine, faults, metrics, time, logger);
        _session = FirstAsync(room);
    }

    /// <summary>The worker's first load. Fails when that does; the keeper is of no use then.</summary>
    internal Task Loaded
    {
        get
        {
            lock (_lock)
                return _session;
        }
    }

    internal ModelState State
    {
        get
        {
            lock (_lock)
            {
                return _session switch
                {
                    { IsCompletedSuccessfully: true } => _session.Result.Died.IsCompleted ? ModelState.Restarting : ModelState.Loaded,
                    { IsCompleted: true } when _hasDied => ModelState.Failed,
                    _ => _hasDied ? ModelState.Restarting : ModelState.Loading,
                };
            }
        }
    }

    /// <summary>What is known of the model and its runtime; <see langword="null"/> while there is no worker.</summary>
    internal EngineFacts? Facts
    {
        get
        {
            lock (_lock)
                return _session.IsCompletedSuccessfully ? _session.Result.Facts : null;
        }
    }

    /// <summary>The worker's process; <see langword="null"/> while there is none.</summary>
    internal int? ProcessId
    {
        get
        {
            lock (_lock)
                return _session.IsCompletedSuccessfully ? _session.Result.ProcessId : null;
        }
    }

    /// <summary>Why there will be no worker any more.</summary>
    internal string? Failure
    {
        get
        {
            lock (_lock)
                return _session.Exception?.InnerException?.Message;
        }
    }

    /// <summary>Starts a run, waiting for the worker while that loads or is replaced.</summary>
    /// <param name="start">Starts the run on a session; called again with another when that has died before.</param>
    /// <exception cref="EngineException">The model failed for good.</exception>
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
                    // Nothing has begun; the next one gets it.
                }
            }

            Replace(session, await session.Died.WaitAsync(cancellationToken).ConfigureAwait(false));
        }
    }

    /// <summary>Ends the worker, or the attempt to start one; its memory is free when this returns.</summary>
    /// <exception cref="WorkerStuckException">The worker does not go.</exception>
    internal async Task EndAsync()
    {
        // Off the caller's locks.
        await Task.Yield();
        await _end.CancelAsync().ConfigureAwait(false);
        Task<IEngineSession> last;
        lock (_lock)
            last = _session;
        // One that failed had not come up, or was gone already.
        await ((Task)last).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (last.Exception?.InnerException is WorkerStuckException stuck)
            throw stuck;
        if (last.IsCompletedSuccessfully)
            await EndAsync(last.Result).ConfigureAwait(false);
    }

    private async Task EndAsync(IEngineSession session)
    {
        await session.DisposeAsync().ConfigureAwait(false);
        if (session.Stuck is not { } stuck)
            return;

        _faults.NoteStuck(stuck);
        throw stuck;
    }

    private async Task<IEngineSession> FirstAsync(Task room)
    {
        // Off the caller's locks.
        await Task.Yield();
        try
        {
            // However the one before ended: only one that is still there is in the way.
            await room.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_faults.Stuck is { } stuck)
                throw stuck;
            if (MemoryCheck.FindProblem(_model.Entry.ModelPath, MemoryCheck.AvailableBytes()) is { } shortage)
                throw new EngineException(shortage) { Code = FailureCode.OutOfMemory };
            await _model.Prompts.ConfigureAwait(false);
            return await StartAsync().ConfigureAwait(false);
        }
        catch (EngineException ex) when (!_end.IsCancellationRequested)
        {
            Log.NotLoaded(_logger, _model.Name, ex.Message);
            _faults.Note(_model.Name, ex.Message);
            _metrics.RecordModelLoadFailure();
            throw;
        }
    }

    private async Task<IEngineSession> StartAsync()
    {
        long start = Stopwatch.GetTimestamp();
        IEngineSession session;
        try
        {
            session = await _engine.LoadAsync(_model.Engine, _end.Token).ConfigureAwait(false);
        }
        catch (WorkerStuckException ex)
        {
            _faults.NoteStuck(ex);
            throw;
        }

        TimeSpan took = Stopwatch.GetElapsedTime(start);
        _metrics.RecordModelLoad(_model.Name, took);
        Log.Loaded(_logger, _model.Name, (long)took.TotalMilliseconds, session.Facts.RuntimeVersion, session.Facts.MaxContextLength);
        _ = WatchAsync(session);
        return session;
    }

    private async Task WatchAsync(IEngineSession session)
    {
        string reason = await session.Died.ConfigureAwait(false);
        Log.Died(_logger, _model.Name, reason);
        _faults.Note(_model.Name, reason);
        Replace(session, reason);
    }

    /// <summary>Puts a session that is to come in the place of a dead one; whoever notices first does it.</summary>
    private void Replace(IEngineSession dead, string reason)
    {
        lock (_lock)
        {
            if (_end.IsCancellationRequested || _session is not { IsCompletedSuccessfully: true } current || current.Result != dead)
                return;
            _hasDied = true;
            _session = RestartAsync(dead, reason);
        }
    }

    private async Task<IEngineSession> RestartAsync(IEngineSession dead, string reason)
    {
        await Task.Yield();
        await EndAsync(dead).ConfigureAwait(false);
        while (true)
        {
            while (_restarts.TryPeek(out long oldest) && _time.GetElapsedTime(oldest) > RestartWindow)
                _restarts.Dequeue();

            if (_restarts.Count >= MaxRestarts)
            {
                Log.GaveUp(_logger, _model.Name, MaxRestarts, RestartWindow);
                throw new EngineException($"Model {_model.Name} failed {MaxRestarts} times in {RestartWindow.TotalMinutes:0} minutes and is not started again ({reason}); load it again.");
            }

            // 0, 1, 2, 4, 8 seconds.
            TimeSpan delay = TimeSpan.FromSeconds(_restarts.Count == 0 ? 0 : 1 << (_restarts.Count - 1));
            _restarts.Enqueue(_time.GetTimestamp());
            await Task.Delay(delay, _time, _end.Token).ConfigureAwait(false);
            try
            {
                return await StartAsync().ConfigureAwait(false);
            }
            catch (EngineException ex) when (ex is not WorkerStuckException)
            {
                reason = ex.Message;
                _metrics.RecordModelLoadFailure();
                _faults.Note(_model.Name, reason);
                Log.RestartFailed(_logger, _model.Name, reason);
            }
        }
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
    }
}
