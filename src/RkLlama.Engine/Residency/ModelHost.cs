using RkLlama.Engine.Configuration;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Models;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Residency;

/// <summary>
/// Loads and unloads models. A resident model is loading, loaded or restarting, or its worker failed after the load. Several models can be resident, as the
/// setting <see cref="NodeOptions.MaxModels"/> and the memory allow. The operator loads and unloads models explicitly. A request for another model loads it, and
/// evicts others if necessary, when the request gets the queue slot. Thread-safe.
/// </summary>
internal sealed partial class ModelHost : IAsyncDisposable
{
    private readonly ModelCatalog _catalog;
    private readonly PromptBuilderFactory _prompts;
    private readonly FaultLog _faults;
    private readonly NodeOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ModelHost> _logger;
    private readonly ModelPreflight _preflight;
    private readonly FatalRequests _fatal;
    private readonly ResidentModels _residents;
    private readonly Lock _lock = new();

    private readonly RecentModelCache _recent = new();

    private readonly PreloadedModels _preloaded = new();

    public ModelHost(
        IEngine engine, ModelCatalog catalog, PromptBuilderFactory prompts, FaultLog faults, NodeMetrics metrics, NodeOptions options, TimeProvider time, ILogger<ModelHost> logger)
    {
        (_catalog, _prompts, _faults, _options, _time, _logger) = (catalog, prompts, faults, options, time, logger);
        (_preflight, _fatal) = (new(logger), new(time));
        Memory = new(() => MemoryCheck.Read(Path.Combine(options.SysfsRoot, "proc/meminfo")));
        _residents = new(
            (model, domain, previousEnd) => new(model, domain, previousEnd, engine, Memory, faults, _fatal, metrics, time, logger),
            new(options.MaxModels),
            Memory,
            OnEvicting,
            OnLoadEnded);
        prompts.Spare.Set(_recent.DropUnused);
    }

    /// <summary>
    /// Raised after each change of the state of any model. The arguments are the model and its previous state. The thread that changed the state calls the
    /// handlers, sometimes while it holds the lock of the host, so they must return at once.
    /// </summary>
    internal event Action<ModelInstance, ModelState>? StateChanged;

    /// <summary>
    /// Raised when <see cref="PreloadedModels"/> or an idle timer has changed, or the load of a model has failed. Handlers must return at once.
    /// </summary>
    internal event Action? PolicyChanged;

    /// <summary>Raised when a load or a restart has ended. As for <see cref="StateChanged"/>, handlers must return at once.</summary>
    internal event Action? WorkersChanged;

    /// <summary>Raised when tokenizers are not used any more. Handlers must return at once.</summary>
    internal event Action? MemoryFreed;

    /// <summary>The estimated memory of models.</summary>
    internal MemoryLedger Memory { get; }

    /// <summary>The resident models, the least recently used one first.</summary>
    internal IReadOnlyList<Resident> Residents => _residents.All;

    /// <summary>
    /// The model for requests that do not name one, if its first load has succeeded: also while its worker restarts and after its restarts have failed. This is the
    /// model that the operator has loaded, else the most recently used one. <see langword="null"/> if there is none, or its first load is not finished.
    /// </summary>
    internal ModelInstance? Current => _residents.Main is { IsLoaded: true } model ? model : null;

    /// <summary>
    /// Whether <see cref="LoadAsync(ModelEntry)"/> would throw <see cref="ModelAlreadyLoadedException"/> for every model: the operator has loaded a model that generates text already, or a model
    /// is loading, or another one is resident and no second one is allowed. Failed models do not count.
    /// </summary>
    internal bool RefusesLoads => _residents.RefusesLoad(isFirst: true);

    /// <summary>Whether a model that generates text is resident, so that a prompt without a model name can be queued.</summary>
    internal bool HasChatModel => _residents.Main is { Role: ModelRole.Chat };

    /// <summary>Whether a model is resident, so that a request without a model name can be queued.</summary>
    internal bool HasModel => _residents.Main is not null;

    /// <summary>
    /// The state of the node at this moment: that of the model for requests that do not name one. Does not wait for a load or a run. If a worker is stuck and no
    /// model works, the state is <see cref="ModelState.Stuck"/>.
    /// </summary>
    internal ModelStatus Status
    {
        get
        {
            ModelInstance? main = _residents.Main;
            return _residents.Stuck is { } stuck && main?.State is not (ModelState.Ready or ModelState.Running)
                ? new(ModelState.Stuck, main?.Name, main?.Facts, _faults.Last, stuck.Failure)
                : new(main?.State ?? ModelState.NotLoaded, main?.Name, main?.Facts, _faults.Last, main?.Failure);
        }
    }

    /// <summary>
    /// The models that the server loaded when it started, because the setting <see cref="NodeOptions.Preload"/> names them. If one of them is evicted, it is loaded
    /// again as soon as there is room for it. Models that the operator has unloaded are not in this list.
    /// </summary>
    internal IReadOnlyList<ModelInstance> PreloadedModels => _preloaded.All;

    /// <summary>Makes a model a preloaded one, which is loaded as soon as there is room for it. The name is one from the catalog.</summary>
    /// <inheritdoc cref="Find" path="/exception"/>
    internal void PreloadWhenIdle(string name)
    {
        ModelInstance model = Find(name);
        model.IsPinned = true;
        _preloaded.Add(model);
        PolicyChanged?.Invoke();
    }

    /// <summary>Returns the model for a request without a model name. It may still be loading, or have failed.</summary>
    /// <exception cref="NoModelException">No model is resident.</exception>
    internal ModelInstance GetResident() => _residents.Main ?? throw new NoModelException();

    /// <summary>Returns a resident model; <see langword="null"/> if the model is not resident.</summary>
    internal ModelInstance? FindResident(string name) => _residents.Find(name);

    /// <summary>
    /// Finds the model that a request names. Starts to load its tokenizer and chat template in the background if they are not loaded. Does not load the model
    /// itself.
    /// </summary>
    /// <param name="requested">The name in the request. Case and the tag <c>:latest</c> are ignored.</param>
    /// <exception cref="ModelNotFoundException">There is no such model.</exception>
    /// <exception cref="ModelException">The Modelfile is missing or invalid, or has no FROM.</exception>
    internal ModelInstance Find(string requested)
    {
        if (_residents.Find(requested) is { IsRemoved: false } current)
            return current;

        string name = _catalog.Resolve(requested) ?? throw new ModelNotFoundException(requested);
        ModelEntry entry = _catalog.Find(name);
        lock (_lock)
        {
            return _residents.Find(name) is { IsRemoved: false } resident ? resident : _recent.GetOrAdd(entry, NewInstance);
        }
    }

    /// <summary>Refuses a request that has ended too many workers of the model, before the request is queued.</summary>
    /// <param name="request">See <see cref="RequestFingerprint"/>.</param>
    /// <exception cref="FatalRequestException">The request is refused.</exception>
    internal void ThrowIfRefused(ModelInstance model, UInt128 request) => _fatal.ThrowIfRefused(model.Name, request);

    /// <summary>
    /// Loads a model for the operator. The model gets no idle timer. Takes seconds. If the caller stops waiting, the load continues. If a model is resident, the
    /// caller must hold the queue slot.
    /// </summary>
    /// <exception cref="ModelAlreadyLoadedException">The operator has loaded a model already, or there is no room for another one beside those that are in use.</exception>
    /// <exception cref="EngineException">The load failed, the model file is not valid, or the worker of another model is stuck.</exception>
    /// <exception cref="NoModelException">The model was unloaded during the load.</exception>
    internal Task<ModelInstance> LoadAsync(ModelEntry entry) => LoadAsync(entry, isFirst: true);

    /// <summary>Loads a model at the start of the server, also beside others that were preloaded. As <see cref="LoadAsync(ModelEntry)"/> otherwise.</summary>
    internal async Task<ModelInstance> PreloadAsync(ModelEntry entry)
    {
        ModelInstance model = await LoadAsync(entry, isFirst: false).ConfigureAwait(false);
        _preloaded.Add(model);
        PolicyChanged?.Invoke();
        return model;
    }

    private async Task<ModelInstance> LoadAsync(ModelEntry entry, bool isFirst)
    {
        _preflight.Check(entry);
        ModelInstance model = NewInstance(entry);
        model.IsPinned = true;
        _fatal.Forget(model.Name);
        ModelInstance loaded = await _residents.LoadAsync(model, isFirst).ConfigureAwait(false);
        if (loaded == model)
            return model;

        // A request has loaded the model before. It has no idle timer any more.
        PolicyChanged?.Invoke();
        _ = model.MarkUnloadedAsync();
        return loaded;
    }

    /// <summary>
    /// Starts to load a model if it is not resident. Evicts other models if they leave no room for it. The caller must hold the queue slot, so that no run is active, and
    /// need not hold it while it waits for the load.
    /// </summary>
    /// <param name="attempts">The attempts of the same request; null if this is the only one.</param>
    /// <param name="worker">The supervisor of the model's worker; null if the model is not loaded.</param>
    /// <returns>
    /// What the caller must wait for before it calls this method again: the load of this model or of another one. Completed if the model is loaded. Fails if the load
    /// fails, unless another attempt without other models is possible.
    /// </returns>
    /// <exception cref="EngineException">The model file is not valid, the model cannot fit into the memory, or the worker of another model is stuck.</exception>
    /// <exception cref="NoModelException">The model was unloaded before.</exception>
    internal Task BeginLoad(ModelInstance model, LoadAttempts? attempts, out WorkerSupervisor? worker) =>
        _residents.BeginLoad(model, () => _preflight.Check(model.Entry), attempts, out worker);

    /// <summary>Returns a task that completes when the load of a model has ended, and never fails; <see langword="null"/> if the model is not loading.</summary>
    internal Task? EndOfLoad(string name) =>
        _residents.All.FirstOrDefault(resident => resident.Model.Name == name) is { Load: { IsCompleted: false } load } ? Task.WhenAny(load) : null;

    /// <summary>Whether a model can start a run or a load now: neither it nor, if it must be loaded, another model is loading, and it does not restart.</summary>
    internal bool CanStart(ModelInstance model) => _residents.CanStart(model);

    /// <summary>Returns the workers of a resident model that can start a run now, the first one of the model first. Empty if there are none.</summary>
    internal IReadOnlyList<Resident> ReadyWorkers(string model) => _residents.ReadyWorkers(model);

    /// <summary>Whether a model can get an additional KV slot if there is memory for it.</summary>
    internal bool MayAddSlot(ModelInstance model) => SlotsOf(model) is > 1 and var limit && _residents.MayAddSlot(model.Name, limit);

    /// <summary>
    /// Starts to load a resident model once more, in a worker with its own KV cache, if there is room without an eviction.
    /// </summary>
    /// <returns>Completes when the load has ended, and never fails; <see langword="null"/> if there is no room.</returns>
    internal Task? TryAddSlot(ModelInstance model) => _residents.TryAddSlot(model, SlotsOf(model));

    // Other models compute each result with an empty cache.
    private int SlotsOf(ModelInstance model) =>
        model is { Role: ModelRole.Chat, Entry.Modelfile.ReuseKvCache: not false } ? model.Entry.Modelfile.Slots ?? _options.Slots : 1;

    /// <summary>Whether a model is not resident and can be loaded without evicting another one. Reads the disk.</summary>
    internal bool HasRoomFor(ModelInstance model) => _residents.HasRoomFor(model, Memory.Measure(model));

    /// <summary>As <see cref="HasRoomFor"/>, with the memory at the last measurement for this model. Returns at once.</summary>
    internal bool HadRoomFor(ModelInstance model) => _residents.HasRoomFor(model, model.LastDemand ?? MemoryDemand.Unknown);

    /// <summary>Restarts the idle timer of the model. When it expires, the model is unloaded. Models loaded by the operator have no idle timer.</summary>
    /// <param name="keepAlive">How long the model stays loaded from now on; <see langword="null"/> for the node's default, negative for no limit.</param>
    internal void ResetIdleTimer(ModelInstance model, TimeSpan? keepAlive)
    {
        TimeSpan idle = keepAlive ?? _options.KeepAlive;
        model.IdleTimer = model.IsPinned || idle < TimeSpan.Zero ? null : new(idle, _time);
        PolicyChanged?.Invoke();
    }

    private ModelInstance NewInstance(ModelEntry entry)
    {
        ModelInstance model = new(entry, unloaded => _prompts.LoadAsync(entry, unloaded), OnStateChanged);
        _ = model.Prompts.ContinueWith(_ => _recent.Trim(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        return model;
    }

    private void OnStateChanged(ModelInstance model, ModelState from)
    {
        _residents.OnStateChanged(model, from);
        StateChanged?.Invoke(model, from);
        if (from is ModelState.Loading or ModelState.Restarting)
            WorkersChanged?.Invoke();
    }

    private void OnLoadEnded(bool hasSucceeded)
    {
        if (!hasSucceeded)
            PolicyChanged?.Invoke();
        WorkersChanged?.Invoke();
    }

    /// <summary>The evicted model gets an idle timer when it is loaded again, unless it was preloaded.</summary>
    private void OnEvicting(ModelInstance model)
    {
        Log.Evicted(_logger, model.Name);
        model.IsPinned = _preloaded.All.Contains(model);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "Model {Model} unloaded")]
        internal static partial void Unloaded(ILogger logger, string model);

        [LoggerMessage(EventId = 8, Level = LogLevel.Information, Message = "Model {Model} is unloaded to load another one")]
        internal static partial void Evicted(ILogger logger, string model);
    }
}
