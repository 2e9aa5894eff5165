using RkLlama.Engine.Configuration;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Models;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Residency;

/// <summary>
/// Decides which model has the node's worker: one at a time. The operator loads and unloads it; a request that names another model switches to it once it
/// has a queue slot. Any thread.
/// </summary>
internal sealed partial class ModelHost(
    IEngine engine, ModelCatalog catalog, PromptBuilderFactory prompts, FaultLog faults, NodeMetrics metrics, NodeOptions options, TimeProvider time, ILogger<ModelHost> logger)
    : IAsyncDisposable
{
    private readonly ModelPreflight _preflight = new(logger);
    private readonly Lock _lock = new();

    // Guarded by _lock. Set while a model loads, is loaded, or has failed.
    private Resident? _resident;

    // Guarded by _lock. The end of the last worker: the next one starts after it.
    private Task _previousEnd = Task.CompletedTask;

    // Guarded by _lock.
    private readonly RecentModelCache _recent = new();

    // The model whose worker is stuck, if there is one: while it is, no other can start.
    private volatile ModelInstance? _stuck;

    /// <summary>Raised after each transition of any model, with the state before it; on the thread that caused it. Handlers return at once.</summary>
    internal event Action<ModelInstance, ModelState>? StateChanged;

    /// <summary>Raised when <see cref="PreloadedModel"/> or an idle timer has changed. Handlers return at once.</summary>
    internal event Action? PolicyChanged;

    /// <summary>The model that was loaded, or <see langword="null"/>. A model that loads for the first time is not one yet.</summary>
    internal ModelInstance? Current
    {
        get
        {
            lock (_lock)
                return _resident?.Model is { IsLoaded: true } model ? model : null;
        }
    }

    /// <summary>Whether a load would be refused. A failed model makes room for the next.</summary>
    internal bool IsBusy
    {
        get
        {
            lock (_lock)
                return IsOccupied;
        }
    }

    /// <summary>Whether a model is loaded or loading, so that a request without a model name can be answered.</summary>
    internal bool HasModel
    {
        get
        {
            lock (_lock)
                return _resident is not null;
        }
    }

    /// <summary>The state at this moment. Never waits.</summary>
    internal ModelStatus Status
    {
        get
        {
            lock (_lock)
            {
                ModelInstance? resident = _resident?.Model;
                return _stuck is { } stuck
                    ? new(ModelState.Stuck, resident?.Name, resident?.Facts, faults.Last, stuck.Failure)
                    : new(resident?.State ?? ModelState.NotLoaded, resident?.Name, resident?.Facts, faults.Last, resident?.Failure);
            }
        }
    }

    /// <summary>
    /// The model that the operator preloads. It is loaded again when the model that replaced it becomes idle. <see langword="null"/> if none was set, and
    /// after the operator has unloaded it.
    /// </summary>
    internal ModelInstance? PreloadedModel
    {
        get;
        set
        {
            field = value;
            PolicyChanged?.Invoke();
        }
    }

    /// <summary>The model that is loaded or loading, for requests that may wait for it.</summary>
    /// <exception cref="NoModelException">There is none.</exception>
    internal ModelInstance Require()
    {
        lock (_lock)
            return _resident?.Model ?? throw new NoModelException();
    }

    /// <summary>The model of a request that names it. Loads its prompts only.</summary>
    /// <exception cref="ModelNotFoundException">There is no such model.</exception>
    /// <exception cref="ModelException">Its Modelfile does not say what to load.</exception>
    internal ModelInstance Find(string requested)
    {
        lock (_lock)
        {
            if (_resident?.Model is { } current && current.Name == requested)
                return current;
        }

        string name = catalog.Resolve(requested) ?? throw new ModelNotFoundException(requested);
        ModelEntry entry = catalog.Find(name);
        lock (_lock)
        {
            if (_resident?.Model is { } current && current.Name == name)
                return current;

            return _recent.GetOrAdd(entry, NewInstance);
        }
    }

    /// <summary>Loads a model for the operator. Takes seconds, and continues if the caller stops waiting.</summary>
    /// <exception cref="ModelOccupiedException">A model is loaded or loading.</exception>
    /// <exception cref="EngineException">The load failed.</exception>
    /// <exception cref="NoModelException">The model was unloaded before it was loaded.</exception>
    internal async Task<ModelInstance> LoadAsync(ModelEntry entry)
    {
        _preflight.Check(entry);
        ModelInstance model = NewInstance(entry);
        model.IsPinned = true;
        Resident resident;
        lock (_lock)
        {
            ThrowIfStuck();
            if (IsOccupied)
                throw new ModelOccupiedException();
            if (_resident is { } failed)
                _previousEnd = failed.Supervisor.EndAsync();
            resident = Begin(model);
        }

        await resident.Load.ConfigureAwait(false);
        return model;
    }

    /// <summary>Loads the model if another one, or none, is resident. The caller holds the queue slot, so no run is active.</summary>
    /// <returns>The supervisor of its worker.</returns>
    /// <exception cref="EngineException">The load failed; no model is resident then.</exception>
    /// <exception cref="NoModelException">The model was unloaded before or during the load.</exception>
    internal async Task<WorkerSupervisor> EnsureLoadedAsync(ModelInstance model, CancellationToken cancellationToken)
    {
        bool isChecked = false;
        while (true)
        {
            Resident? pending = null;
            lock (_lock)
            {
                // An unloaded instance stays unloaded. The next lookup creates a new one.
                if (model.Unloaded.IsCancellationRequested)
                    throw new NoModelException();
                if (_resident is { Load.IsCompletedSuccessfully: true } own && own.Model == model)
                    return own.Supervisor;
                if (_resident is { Load.IsCompleted: false })
                {
                    pending = _resident;
                }
                else if (isChecked)
                {
                    ThrowIfStuck();
                    cancellationToken.ThrowIfCancellationRequested();
                    pending = Switch(model);
                }
            }

            if (pending is null)
            {
                // Reads the disk, so outside the lock.
                _preflight.Check(model.Entry);
                isChecked = true;
                continue;
            }

            if (pending.Model == model)
            {
                await pending.Load.WaitAsync(cancellationToken).ConfigureAwait(false);
                return pending.Supervisor;
            }

            // The operator is loading another model. This one follows.
            await pending.Load.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Resets the idle timer. Models loaded by the operator have no idle timer.</summary>
    /// <param name="keepAlive">The request's idle time; <see langword="null"/> for the node's, negative for no timer.</param>
    internal void ResetIdleTimer(ModelInstance model, TimeSpan? keepAlive)
    {
        TimeSpan idle = keepAlive ?? options.KeepAlive;
        model.Expires = model.IsPinned || idle < TimeSpan.Zero ? DateTimeOffset.MaxValue : time.GetUtcNow() + idle;
        PolicyChanged?.Invoke();
    }

    /// <summary>Stops the worker of the model, if it has one. The next request that names the model loads it again. The caller holds the queue slot.</summary>
    /// <exception cref="WorkerStuckException">The worker survived SIGKILL.</exception>
    internal async Task UnloadIdleAsync(string name)
    {
        Task end;
        lock (_lock)
        {
            if (_resident is not { Load.IsCompleted: true } resident || resident.Model.Name != name)
                return;
            _resident = null;
            end = _previousEnd = resident.Supervisor.EndAsync();
        }

        await end.ConfigureAwait(false);
        Log.Unloaded(logger, name);
    }

    /// <summary>Unloads the model for the operator: aborts its run and fails the requests that wait for it. Its memory is free when this returns.</summary>
    /// <exception cref="NoModelException">There is none.</exception>
    /// <exception cref="WorkerStuckException">The worker survived SIGKILL: the NPU is not free.</exception>
    internal async Task UnloadAsync()
    {
        Resident resident;
        Task marked, end;
        lock (_lock)
        {
            resident = _resident ?? throw new NoModelException();
            _resident = null;

            // In this order: a request that sees the worker end finds the reason here.
            marked = resident.Model.MarkUnloadedAsync();
            end = _previousEnd = resident.Supervisor.EndAsync();
            if (PreloadedModel == resident.Model)
                PreloadedModel = null;
        }

        await marked.ConfigureAwait(false);
        await end.ConfigureAwait(false);
        Log.Unloaded(logger, resident.Model.Name);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (IsBusy)
            await UnloadAsync().ConfigureAwait(false);
    }

    private ModelInstance NewInstance(ModelEntry entry) => new(entry, prompts.LoadAsync(entry), OnStateChanged);

    private void OnStateChanged(ModelInstance model, ModelState from)
    {
        if (model.State == ModelState.Stuck)
            _stuck = model;
        else if (from == ModelState.Stuck)
            Interlocked.CompareExchange(ref _stuck, null, model);
        StateChanged?.Invoke(model, from);
    }

    /// <summary>Under the lock.</summary>
    private bool IsOccupied => _resident is { Model.State: not (ModelState.Failed or ModelState.Stuck) };

    private void ThrowIfStuck()
    {
        if (_stuck is { Failure: { } failure })
            throw new EngineException(failure);
    }

    /// <summary>Under the lock: ends the resident model's worker, and starts this one's.</summary>
    private Resident Switch(ModelInstance model)
    {
        if (_resident is { } before)
        {
            Log.SwitchedAway(logger, before.Model.Name);
            before.Model.IsPinned = before.Model == PreloadedModel;
            _previousEnd = before.Supervisor.EndAsync();
        }

        return Begin(model);
    }

    /// <summary>Under the lock.</summary>
    private Resident Begin(ModelInstance model)
    {
        model.TryMove(ModelState.Loading);
        WorkerSupervisor supervisor = new(model, _previousEnd, engine, faults, metrics, time, logger);
        Resident resident = new(model, supervisor);
        resident.Load = WatchLoadAsync(resident);
        return _resident = resident;
    }

    /// <summary>The load, as all waiting callers see it: a model that could not be loaded is no longer resident when it fails.</summary>
    private async Task WatchLoadAsync(Resident resident)
    {
        try
        {
            await resident.Supervisor.Ready.ConfigureAwait(false);
        }
        catch (Exception ex)
        {
            lock (_lock)
            {
                if (_resident == resident)
                    _resident = null;
            }

            PolicyChanged?.Invoke();
            if (ex is OperationCanceledException && resident.Model.Unloaded.IsCancellationRequested)
                throw new NoModelException();
            throw;
        }
    }

    /// <summary>The model that has the node's worker.</summary>
    private sealed class Resident(ModelInstance model, WorkerSupervisor supervisor)
    {
        internal ModelInstance Model => model;

        internal WorkerSupervisor Supervisor => supervisor;

        /// <summary>The first load.</summary>
        internal Task Load { get; set; } = Task.CompletedTask;
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "Model {Model} unloaded")]
        internal static partial void Unloaded(ILogger logger, string model);

        [LoggerMessage(EventId = 8, Level = LogLevel.Information, Message = "Model {Model} makes room for another")]
        internal static partial void SwitchedAway(ILogger logger, string model);
    }
}
