using RkLlama.Engine.Diagnostics;
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
/// <param name="loadFailed">Called after the first load of a model has failed. Must return at once.</param>
internal sealed partial class ResidentModels(
    Func<ModelInstance, int, Task, WorkerSupervisor> supervise, AdmissionPolicy admission, MemoryLedger memory, Action<ModelInstance> evicting, Action loadFailed)
{
    private readonly Lock _lock = new();

    // Guarded by _lock.
    private readonly ResidentList _residents = new();

    // Guarded by _lock. The next worker starts after these workers have ended.
    private readonly EndingWorkers _ending = new();

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
    /// <param name="isFirst">Whether the operator has asked for this model alone, so that no other model of the operator may be resident.</param>
    internal bool RefusesLoad(bool isFirst)
    {
        lock (_lock)
        {
            return _residents.Any(resident =>
                resident.IsBusy && (!admission.AllowsSeveral || (isFirst && resident.Model.IsPinned) || !resident.Load.IsCompleted));
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

    /// <summary>Makes a model resident and waits until its first load has succeeded. Evicts other models if they leave no room for it.</summary>
    /// <param name="check">Checks the model before its load. Reads the disk.</param>
    /// <returns>The supervisor of the model's worker.</returns>
    /// <exception cref="EngineException">
    /// The load or the check failed, the model cannot fit into the memory, or the worker of another model is stuck. The model is not resident then.
    /// </exception>
    /// <exception cref="NoModelException">The model was unloaded before or during the load.</exception>
    internal async Task<WorkerSupervisor> EnsureLoadedAsync(ModelInstance model, Action check, CancellationToken cancellationToken)
    {
        bool isChecked = false, isRepeated = false;
        MemoryDemand? demand = null;
        while (true)
        {
            Resident? pending = null;
            lock (_lock)
            {
                Resident? own = FindSame(model);

                // Unloading and deleting are final for this instance. The next lookup creates a new one.
                if (model.Unloaded.IsCancellationRequested || (model.IsRemoved && own is null))
                    throw new NoModelException();
                if (own is { Load.IsCompletedSuccessfully: true } && _residents.Loading is null)
                {
                    _residents.MarkUsed(own);
                    foreach (Resident slot in own.ExtraSlots.Where(static slot => slot.Model.State == ModelState.Failed))
                        End(slot);
                    return own.Supervisor;
                }

                pending = own is { Load.IsCompleted: false } ? own : _residents.Loading;
                if (pending is null && demand is not null)
                {
                    ThrowIfStuck();
                    cancellationToken.ThrowIfCancellationRequested();
                    if (_residents.Find(model.Name) is { } outdated)
                        Evict(outdated);
                    pending = MakeResident(model, demand, Place(model, demand));
                }
            }

            if (pending is null)
            {
                // Outside the lock, because it reads the disk.
                if (!isChecked)
                    check();
                (isChecked, demand) = (true, memory.Measure(model));
                continue;
            }

            // After the load of this model or of another one, the memory is different.
            demand = null;

            if (pending.Model != model)
            {
                // Another model is loading. Waits for the end of that load, then tries again.
                await pending.Load.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                cancellationToken.ThrowIfCancellationRequested();
                continue;
            }

            try
            {
                await pending.Load.WaitAsync(cancellationToken).ConfigureAwait(false);
                return pending.Supervisor;
            }
            catch (EngineException ex) when (ex.Code is FailureCode.OutOfMemory or FailureCode.Killed && !isRepeated && TryEvictUnpinned())
            {
                // The estimate was too small. With the memory of the other models, the load may succeed.
                isRepeated = true;
            }
        }
    }

    /// <summary>Whether a model is not resident and can be loaded without evicting another one.</summary>
    internal bool HasRoomFor(ModelInstance model)
    {
        MemoryDemand demand = memory.Measure(model);
        lock (_lock)
        {
            return _stuck.First is null && _residents.Loading is null && _residents.Find(model.Name) is null
                && Place(model, demand).Evictions.All(static resident => resident.IsExtraSlot);
        }
    }

    /// <summary>
    /// Returns the resident with this instance, or with another one of the same model whose files and settings have not changed. The caller holds the lock.
    /// </summary>
    private Resident? FindSame(ModelInstance model) =>
        _residents.Find(model) ?? (_residents.Find(model.Name) is { Model.IsRemoved: false } other && other.Model.Entry.IsSame(model.Entry) ? other : null);

    private void ThrowIfStuck()
    {
        if (_stuck.First is { Failure: { } failure })
            throw new EngineException(failure);
    }

    /// <summary>The caller holds the lock.</summary>
    private Placement Place(ModelInstance model, MemoryDemand demand) => admission.Place(model, demand, _residents, _ending.Bytes);

    /// <summary>Evicts models that leave no room for this one, and starts to load it. The caller holds the lock.</summary>
    /// <exception cref="EngineException">The model cannot fit into the memory. Nothing has changed.</exception>
    private Resident MakeResident(ModelInstance model, MemoryDemand demand, Placement placement)
    {
        if (AdmissionPolicy.FindProblem(model, demand, _residents.Bytes + _ending.Bytes) is { } shortage)
            throw new EngineException(shortage) { Code = FailureCode.OutOfMemory };
        foreach (Resident evicted in placement.Evictions)
            Evict(evicted);
        model.TryMove(ModelState.Loading);
        Resident resident = new(model, supervise(model, placement.Domain, _ending.WhenAll), demand.Bytes, placement.Domain);

        // Added before WatchLoadAsync starts: if the load has already failed, that method removes it at once.
        _residents.Add(resident);
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
                _residents.Remove(resident);
            loadFailed();
            if (ex is OperationCanceledException && resident.Model.Unloaded.IsCancellationRequested)
                throw new NoModelException();
            throw;
        }
    }
}
