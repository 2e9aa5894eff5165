using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Residency;

/// <content>Loads of models for requests. One model loads at a time, and the models in memory can run meanwhile.</content>
internal sealed partial class ResidentModels
{
    /// <summary>
    /// Starts to load a model if it is not resident. Evicts other models if they leave no room for it. The caller must hold the queue slot, so that no run is active.
    /// </summary>
    /// <param name="check">Checks the model before its load. Reads the disk.</param>
    /// <param name="attempts">The attempts of the same request; null if this is the only one.</param>
    /// <param name="worker">The supervisor of the model's worker; null if the model is not loaded.</param>
    /// <returns>
    /// What the caller must wait for before it calls this method again: the load of this model or of another one. Completed if the model is loaded. Fails if the load
    /// fails, unless another attempt without other models is possible.
    /// </returns>
    /// <exception cref="EngineException">The check failed, the model cannot fit into the memory, or the worker of another model is stuck.</exception>
    /// <exception cref="NoModelException">The model was unloaded before.</exception>
    internal Task BeginLoad(ModelInstance model, Action check, LoadAttempts? attempts, out WorkerSupervisor? worker)
    {
        if (FindLoaded(model, out worker) is { } pending)
            return pending;

        // Outside the lock, because it reads the disk.
        check();
        MemoryDemand demand = memory.Measure(model);
        lock (_lock)
        {
            if (FindLoaded(model, out worker) is { } changed)
                return changed;
            ThrowIfStuck();
            if (attempts is not null)
                ThrowIfShort(model, demand, attempts);
            if (_residents.Find(model.Name) is { } outdated)
                Evict(outdated);
            if (attempts?.EvictsNext == true && FindDispensable() is { } dispensable)
                Evict(dispensable);
            return WaitAsync(MakeResident(model, demand, Place(model, demand)), demand, attempts);
        }
    }

    /// <summary>Refuses a load that failed for lack of memory before, if there is not more memory now. The caller holds the lock.</summary>
    private void ThrowIfShort(ModelInstance model, MemoryDemand demand, LoadAttempts attempts)
    {
        if (attempts.AvailableBytes is not null || demand.Node is not { AvailableBytes: { } available } node)
            return;
        long evictable = _residents.Sum(static resident => resident.Model.IsPinned ? resident.ExtraSlots.Sum(static slot => slot.Bytes) : resident.TotalBytes);
        attempts.AvailableBytes = available + evictable + _ending.Bytes;
        if (_shortages.FindProblem(model.Entry.ModelPath, demand.FileBytes, attempts.AvailableBytes.Value, MemoryLedger.ReserveOf(node.TotalBytes ?? 0)) is { } problem)
            throw new EngineException($"{model.Name}: {problem}") { Code = FailureCode.OutOfMemory };
    }

    /// <summary>Returns what a request for a model waits for; null if the model must be loaded, and no other model is loading.</summary>
    private Task? FindLoaded(ModelInstance model, out WorkerSupervisor? worker)
    {
        lock (_lock)
        {
            worker = null;
            Resident? own = FindSame(model);

            // Unloading and deleting are final for this instance. The next lookup creates a new one.
            if (model.Unloaded.IsCancellationRequested || (model.IsRemoved && own is null))
                throw new NoModelException();
            if (own is { Load.IsCompletedSuccessfully: true })
            {
                _residents.MarkUsed(own);
                foreach (Resident slot in own.ExtraSlots.Where(static slot => slot.Model.State == ModelState.Failed))
                    End(slot);
                worker = own.Supervisor;
                return Task.CompletedTask;
            }

            if (own is { Load.IsCompleted: false })
                return own.Load;

            // The load of another model. Its failure does not concern this one.
            return _residents.Loading is { } other ? Task.WhenAny(other.Load) : null;
        }
    }

    /// <summary>Waits for a load. If it fails for lack of memory, and another model can be evicted, notes this for the next attempt.</summary>
    private async Task WaitAsync(Resident resident, MemoryDemand demand, LoadAttempts? attempts)
    {
        try
        {
            await resident.Load.ConfigureAwait(false);
        }
        catch (EngineException ex) when (attempts is not null && ex.Code is FailureCode.OutOfMemory or FailureCode.Killed)
        {
            // The estimate was too small. With the memory of another model, the load may succeed.
            lock (_lock)
            {
                attempts.EvictsNext = FindDispensable() is not null;
                if (!attempts.EvictsNext && attempts.AvailableBytes is { } available)
                    _shortages.Add(resident.Model.Entry.ModelPath, demand.FileBytes, available);
            }

            if (!attempts.EvictsNext && ex.Code == FailureCode.OutOfMemory && attempts.AvailableBytes is { } bytes)
                throw new EngineException($"{ex.Message} ({bytes >> 20} MiB of memory were available; the model file has {demand.FileBytes >> 20} MiB)") { Code = ex.Code };
            if (!attempts.EvictsNext)
                throw;
        }
    }

    /// <summary>
    /// Returns what can be evicted for a model whose estimate was too small: an additional KV slot, else the least recently used model that the operator has not loaded.
    /// The caller holds the lock.
    /// </summary>
    private Resident? FindDispensable() =>
        _residents.SelectMany(static resident => resident.ExtraSlots).MinBy(static slot => slot.Model.LastRun) ?? _residents.FirstOrDefault(static resident => resident is { HasWorker: true, Model.IsPinned: false });

    private void ReportEnd(Task load) => _ = load.ContinueWith(
        ended => loadEnded(ended.IsCompletedSuccessfully), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

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
        ReportEnd(resident.Load);
        return resident;
    }

    /// <summary>Waits for the end of the first load of the model. If the load fails, the model is no longer resident when this task completes.</summary>
    /// <exception cref="NoModelException">The operator unloaded the model during the load.</exception>
    private async Task WatchLoadAsync(Resident resident)
    {
        try
        {
            await resident.Supervisor.Ready.ConfigureAwait(false);
            lock (_lock)
                _shortages.Remove(resident.Model.Entry.ModelPath);
        }
        catch (Exception ex)
        {
            lock (_lock)
                _residents.Remove(resident);
            if (ex is OperationCanceledException && resident.Model.Unloaded.IsCancellationRequested)
                throw new NoModelException();
            throw;
        }
    }
}
