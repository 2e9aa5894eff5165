using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Residency;

/// <summary>
/// The resident models with the supervisors of their workers. Starts loads, one at a time, evicts models to make room for others, and ends workers. Used by
/// <see cref="ModelHost"/>, which decides what is loaded. Thread-safe.
/// </summary>
/// <param name="supervise">
/// Creates the supervisor of a model, which starts to load it. The arguments are the model, its first NPU domain, and a task that completes when earlier workers
/// have ended.
/// </param>
/// <param name="evicting">
/// Called with a resident model before it is evicted, while the lock of this instance is held, so it must return at once.
/// </param>
/// <param name="loadEnded">Called after the first load of a model or of an additional KV slot, with its result. Must return at once.</param>
internal sealed partial class ResidentModels(
    Func<ModelInstance, int, Task, WorkerSupervisor> supervise, AdmissionPolicy admission, MemoryLedger memory, Action<ModelInstance> evicting, Action<bool> loadEnded)
{
    private readonly Lock _lock = new();

    // Guarded by _lock.
    private readonly ResidentList _residents = new();

    // Guarded by _lock. The next worker starts after these workers have ended.
    private readonly EndingWorkers _ending = new();

    // Guarded by _lock.
    private readonly LoadShortages _shortages = new();

    // While a worker is stuck, no other worker can start.
    private readonly StuckModels _stuck = new();

    /// <summary>The resident models, the least recently used one first.</summary>
    internal IReadOnlyList<Resident> All
    {
        get
        {
            lock (_lock)
                return [.. _residents];
        }
    }

    /// <summary>
    /// The model for requests that do not name one. Models that generate text have priority; among them the one that the operator has loaded, else the most recently used one.
    /// It is loading, loaded or restarting, or its worker failed after the load. Null if no model is resident.
    /// </summary>
    internal ModelInstance? Main
    {
        get
        {
            lock (_lock)
                return _residents.Main;
        }
    }

    /// <summary>The model whose worker is stuck, which may be a model that is not resident; null if no worker is stuck. Of several, the first one.</summary>
    internal ModelInstance? Stuck => _stuck.First;

    /// <summary>Returns the resident model with this name; null if it is not resident.</summary>
    internal ModelInstance? Find(string name)
    {
        lock (_lock)
            return _residents.Find(name)?.Model;
    }

    /// <summary>See <see cref="ModelHost.CanStart"/>.</summary>
    internal bool CanStart(ModelInstance model)
    {
        lock (_lock)
        {
            if (_residents.Find(model.Name) is not { } resident)
                return _residents.Loading is null;
            return resident.Load.IsCompleted
                && (resident.Model.State != ModelState.Restarting || resident.ExtraSlots.Any(static slot => slot.Model.State is ModelState.Ready or ModelState.Running));
        }
    }

    /// <summary>Notes which worker is stuck. Called after each change of the state of any model.</summary>
    /// <param name="from">The previous state.</param>
    internal void OnStateChanged(ModelInstance model, ModelState from)
    {
        if (model.State == ModelState.Stuck)
            _stuck.Add(model);
        else if (from == ModelState.Stuck)
            _stuck.Remove(model);
    }

    /// <summary>Whether <see cref="LoadAsync"/> would be refused for every model, because a model of the operator is in use, or another model is loading.</summary>
    /// <param name="isFirst">Whether the operator has asked for this model alone, so that no other model of the operator that generates text may be resident.</param>
    internal bool RefusesLoad(bool isFirst)
    {
        lock (_lock)
        {
            return _residents.Any(resident =>
                resident.IsBusy && (!admission.AllowsSeveral || (isFirst && resident.Model is { IsPinned: true, Role: ModelRole.Chat }) || !resident.Load.IsCompleted));
        }
    }

    /// <summary>
    /// Loads a model for the operator, without evicting a model that works. If a request has loaded the same model, it becomes that of the operator. Completes when
    /// the first load has succeeded or failed.
    /// </summary>
    /// <param name="isFirst">See <see cref="RefusesLoad"/>.</param>
    /// <returns>The instance that is loaded: <paramref name="model"/>, or the one of the request.</returns>
    /// <exception cref="ModelAlreadyLoadedException">
    /// The load is refused, see <see cref="RefusesLoad"/>, or a model that is in use would have to be evicted.
    /// </exception>
    /// <exception cref="EngineException">The load failed, or the worker of another model is stuck.</exception>
    /// <exception cref="NoModelException">The model was unloaded during the load.</exception>
    internal async Task<ModelInstance> LoadAsync(ModelInstance model, bool isFirst)
    {
        Resident resident;
        MemoryDemand demand = memory.Measure(model);
        lock (_lock)
        {
            ThrowIfStuck();
            if (RefusesLoad(isFirst))
                throw new ModelAlreadyLoadedException();
            if (FindSame(model) is { IsBusy: true } same)
            {
                (same.Model.IsPinned, same.Model.IdleTimer) = (true, null);
                resident = same;
            }
            else
            {
                if (_residents.Find(model.Name) is { } outdated)
                    Evict(outdated);
                Placement placement = Place(model, demand);
                if (placement.Evictions.Any(static other => other is { IsBusy: true, IsExtraSlot: false }))
                    throw new ModelAlreadyLoadedException();
                resident = MakeResident(model, demand, placement);
            }
        }

        await resident.Load.ConfigureAwait(false);
        return resident.Model;
    }

    /// <summary>Whether a model is not resident and can be loaded without evicting another one.</summary>
    /// <param name="demand">The memory that the model needs.</param>
    internal bool HasRoomFor(ModelInstance model, MemoryDemand demand)
    {
        lock (_lock)
        {
            return _stuck.First is null && _residents.Loading is null && _residents.Find(model.Name) is null
                && Place(model, demand).Evictions.All(static resident => resident.IsExtraSlot);
        }
    }
}
