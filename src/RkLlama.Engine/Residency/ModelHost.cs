using RkLlama.Engine.Configuration;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Models;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Residency;

/// <summary>
/// Loads and unloads models. At most one model is resident: it is loading, loaded or restarting, or its worker failed after the load. The operator loads and
/// unloads a model explicitly. A request for another model replaces the resident model, when the request gets the queue slot. Thread-safe.
/// </summary>
internal sealed partial class ModelHost(
    IEngine engine, ModelCatalog catalog, PromptBuilderFactory prompts, FaultLog faults, NodeMetrics metrics, NodeOptions options, TimeProvider time, ILogger<ModelHost> logger)
    : IAsyncDisposable
{
    private readonly ModelPreflight _preflight = new(logger);
    private readonly Lock _lock = new();

    // Guarded by _lock. The resident model and its worker; null if there is none.
    private Resident? _resident;

    // Guarded by _lock. Completes when the worker of the previous resident model has ended. The next worker starts after that.
    private Task _previousEnd = Task.CompletedTask;

    // Guarded by _lock.
    private readonly RecentModelCache _recent = new();

    // The model whose worker is stuck, or null. While a worker is stuck, no other worker can start.
    private volatile ModelInstance? _stuck;

    /// <summary>
    /// Raised after each change of the state of any model. The arguments are the model and its previous state. The thread that changed the state calls the
    /// handlers, sometimes while it holds the lock of the host, so they must return at once.
    /// </summary>
    internal event Action<ModelInstance, ModelState>? StateChanged;

    /// <summary>
    /// Raised when <see cref="PreloadedModel"/> or an idle timer has changed, or the load of a model has failed. Handlers must return at once.
    /// </summary>
    internal event Action? PolicyChanged;

    /// <summary>
    /// The resident model if its first load has succeeded, also while its worker restarts and after its restarts have failed. <see langword="null"/> if no
    /// model is resident or the first load is not finished.
    /// </summary>
    internal ModelInstance? Current
    {
        get
        {
            lock (_lock)
                return _resident?.Model is { IsLoaded: true } model ? model : null;
        }
    }

    /// <summary>
    /// Whether a model is loading, loaded or restarting, so that <see cref="LoadAsync"/> would throw <see cref="ModelAlreadyLoadedException"/>. A failed model
    /// does not prevent the next load.
    /// </summary>
    internal bool IsBusy
    {
        get
        {
            lock (_lock)
                return IsBusyUnderLock;
        }
    }

    /// <summary>Whether a model is resident, so that a request without a model name can be queued.</summary>
    internal bool HasModel
    {
        get
        {
            lock (_lock)
                return _resident is not null;
        }
    }

    /// <summary>
    /// The state of the node at this moment. Does not wait for a load or a run. While the worker of any model is stuck, the state is
    /// <see cref="ModelState.Stuck"/>.
    /// </summary>
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
    /// The model that the server loaded when it started, because the setting <see cref="NodeOptions.Preload"/> names it. If a request replaces it with another
    /// model, the preloaded model is loaded again when the idle timer of the other model expires. <see langword="null"/> if no model was preloaded or the
    /// operator has unloaded it.
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

    /// <summary>Returns the resident model, for a request without a model name. It may still be loading, or have failed.</summary>
    /// <exception cref="NoModelException">No model is resident.</exception>
    internal ModelInstance GetResident()
    {
        lock (_lock)
            return _resident?.Model ?? throw new NoModelException();
    }

    /// <summary>
    /// Finds the model that a request names. Starts to load its tokenizer and chat template in the background if they are not loaded. Does not load the model
    /// itself.
    /// </summary>
    /// <param name="requested">The name in the request. Case and the tag <c>:latest</c> are ignored.</param>
    /// <exception cref="ModelNotFoundException">There is no such model.</exception>
    /// <exception cref="ModelException">The Modelfile is missing or invalid, or has no FROM.</exception>
    internal ModelInstance Find(string requested)
    {
        lock (_lock)
        {
            if (_resident?.Model is { IsRemoved: false } current && current.Name == requested)
                return current;
        }

        string name = catalog.Resolve(requested) ?? throw new ModelNotFoundException(requested);
        ModelEntry entry = catalog.Find(name);
        lock (_lock)
        {
            if (_resident?.Model is { IsRemoved: false } current && current.Name == name)
                return current;

            return _recent.GetOrAdd(entry, NewInstance);
        }
    }

    /// <summary>Loads a model for the operator. The model gets no idle timer. Takes seconds. If the caller stops waiting, the load continues.</summary>
    /// <exception cref="ModelAlreadyLoadedException">A model is loading, loaded or restarting.</exception>
    /// <exception cref="EngineException">The load failed, the model file is not valid, or the worker of another model is stuck.</exception>
    /// <exception cref="NoModelException">The model was unloaded during the load.</exception>
    internal async Task<ModelInstance> LoadAsync(ModelEntry entry)
    {
        _preflight.Check(entry);
        ModelInstance model = NewInstance(entry);
        model.IsPinned = true;
        Resident resident;
        lock (_lock)
        {
            ThrowIfStuck();
            if (IsBusyUnderLock)
                throw new ModelAlreadyLoadedException();
            if (_resident is { } failed)
                _previousEnd = failed.Supervisor.EndAsync();
            resident = StartLoad(model);
        }

        await resident.Load.ConfigureAwait(false);
        return model;
    }

    /// <summary>
    /// Makes the model the resident one and waits until its first load has succeeded. If another model is resident, ends its worker first. If the caller stops
    /// waiting, the load continues. The caller must hold the queue slot, so that no run is active.
    /// </summary>
    /// <returns>The supervisor of the model's worker.</returns>
    /// <exception cref="EngineException">
    /// The load failed, the model file is not valid, or the worker of another model is stuck. After a failed load, no model is resident.
    /// </exception>
    /// <exception cref="NoModelException">The model was unloaded before or during the load.</exception>
    internal async Task<WorkerSupervisor> EnsureLoadedAsync(ModelInstance model, CancellationToken cancellationToken)
    {
        bool isChecked = false;
        while (true)
        {
            Resident? pending = null;
            lock (_lock)
            {
                // Unloading and deleting are final for this instance. The next lookup creates a new one.
                if (model.Unloaded.IsCancellationRequested || (model.IsRemoved && _resident?.Model != model))
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
                    pending = SwitchTo(model);
                }
            }

            if (pending is null)
            {
                // Outside the lock, because it reads the disk.
                _preflight.Check(model.Entry);
                isChecked = true;
                continue;
            }

            if (pending.Model == model)
            {
                await pending.Load.WaitAsync(cancellationToken).ConfigureAwait(false);
                return pending.Supervisor;
            }

            // Another model is loading. Waits for the end of that load, then tries again.
            await pending.Load.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Restarts the idle timer of the model. When it expires, the model is unloaded. Models loaded by the operator have no idle timer.</summary>
    /// <param name="keepAlive">How long the model stays loaded from now on; <see langword="null"/> for the node's default, negative for no limit.</param>
    internal void ResetIdleTimer(ModelInstance model, TimeSpan? keepAlive)
    {
        TimeSpan idle = keepAlive ?? options.KeepAlive;
        model.IdleTimer = model.IsPinned || idle < TimeSpan.Zero ? null : new(idle, time);
        PolicyChanged?.Invoke();
    }

    /// <summary>
    /// Ends the worker of the model if the model is resident and not loading. Returns when its memory is free. The next request that names the model loads it
    /// again. The caller must hold the queue slot.
    /// </summary>
    /// <param name="name">Name of the model. If another model is resident, nothing happens.</param>
    /// <exception cref="WorkerStuckException">The worker survived SIGKILL.</exception>
    internal async Task StopWorkerAsync(string name)
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

    /// <summary>
    /// Hides a model that was deleted or renamed from new requests. Requests that already have the model may still use it until <see cref="RemoveAsync"/>.
    /// </summary>
    /// <returns>Whether the model is resident.</returns>
    internal bool Hide(string name)
    {
        lock (_lock)
        {
            foreach (ModelInstance model in _recent.Remove(name))
                model.IsRemoved = true;
            if (PreloadedModel is { } preloaded && preloaded.Name == name)
            {
                preloaded.IsRemoved = true;
                PreloadedModel = null;
            }

            if (_resident?.Model is not { } resident || resident.Name != name)
                return false;
            resident.IsRemoved = true;
            return true;
        }
    }

    /// <summary>
    /// Ends the worker of a model that <see cref="Hide"/> has hidden, also if it is still loading. Fails the requests that wait for it. Returns when its memory
    /// is free.
    /// </summary>
    /// <returns>Whether the model was resident.</returns>
    /// <exception cref="WorkerStuckException">The worker survived SIGKILL.</exception>
    internal Task<bool> RemoveAsync(string name) => TryUnloadAsync(model => model.IsRemoved && model.Name == name);

    /// <summary>Unloads the resident model for the operator: aborts its run and fails the requests that wait for it. Returns when its memory is free.</summary>
    /// <exception cref="NoModelException">No model is resident.</exception>
    /// <exception cref="WorkerStuckException">The worker survived SIGKILL, so the NPU is not free.</exception>
    internal async Task UnloadAsync()
    {
        if (!await TryUnloadAsync(static _ => true).ConfigureAwait(false))
            throw new NoModelException();
    }

    /// <summary>Unloads the resident model if it meets the condition.</summary>
    /// <returns>Whether it did.</returns>
    private async Task<bool> TryUnloadAsync(Func<ModelInstance, bool> condition)
    {
        Resident resident;
        Task marked, end;
        lock (_lock)
        {
            if (_resident is not { } found || !condition(found.Model))
                return false;
            resident = found;
            _resident = null;

            // Marks the model before it ends the worker, so that a request whose run fails can see that the model was unloaded.
            marked = resident.Model.MarkUnloadedAsync();
            end = _previousEnd = resident.Supervisor.EndAsync();
            if (PreloadedModel == resident.Model)
                PreloadedModel = null;
        }

        await marked.ConfigureAwait(false);
        await end.ConfigureAwait(false);
        Log.Unloaded(logger, resident.Model.Name);
        return true;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (IsBusy)
            await UnloadAsync().ConfigureAwait(false);
    }

    private ModelInstance NewInstance(ModelEntry entry) => new(entry, unloaded => prompts.LoadAsync(entry, unloaded), OnStateChanged);

    private void OnStateChanged(ModelInstance model, ModelState from)
    {
        if (model.State == ModelState.Stuck)
            _stuck = model;
        else if (from == ModelState.Stuck)
            Interlocked.CompareExchange(ref _stuck, null, model);
        StateChanged?.Invoke(model, from);
    }

    /// <summary>The value of <see cref="IsBusy"/>. The caller holds the lock.</summary>
    private bool IsBusyUnderLock => _resident is { Model.State: not (ModelState.Failed or ModelState.Stuck) };

    private void ThrowIfStuck()
    {
        if (_stuck is { Failure: { } failure })
            throw new EngineException(failure);
    }

    /// <summary>Ends the resident model's worker and starts to load this model. The caller holds the lock.</summary>
    private Resident SwitchTo(ModelInstance model)
    {
        if (_resident is { } before)
        {
            Log.SwitchedAway(logger, before.Model.Name);
            before.Model.IsPinned = before.Model == PreloadedModel;
            _previousEnd = before.Supervisor.EndAsync();
        }

        return StartLoad(model);
    }

    /// <summary>Makes the model resident and starts to load it. The caller holds the lock.</summary>
    private Resident StartLoad(ModelInstance model)
    {
        model.TryMove(ModelState.Loading);
        WorkerSupervisor supervisor = new(model, _previousEnd, engine, faults, metrics, time, logger);
        Resident resident = new(model, supervisor);

        // Set before WatchLoadAsync starts: if the load has already failed, that method resets it at once.
        _resident = resident;
        resident.Load = WatchLoadAsync(resident);
        return resident;
    }

    /// <summary>Waits for the end of the first load of the model. If the load fails, the model is no longer resident when this task completes.</summary>
    /// <exception cref="NoModelException">The operator unloaded the model during the load.</exception>
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

    /// <summary>A resident model and the supervisor of its worker.</summary>
    private sealed class Resident(ModelInstance model, WorkerSupervisor supervisor)
    {
        internal ModelInstance Model => model;

        internal WorkerSupervisor Supervisor => supervisor;

        /// <summary>Completes when the first load of the model has succeeded or failed.</summary>
        internal Task Load { get; set; } = Task.CompletedTask;
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "Model {Model} unloaded")]
        internal static partial void Unloaded(ILogger logger, string model);

        [LoggerMessage(EventId = 8, Level = LogLevel.Information, Message = "Model {Model} is unloaded to load another one")]
        internal static partial void SwitchedAway(ILogger logger, string model);
    }
}
