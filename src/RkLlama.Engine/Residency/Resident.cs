namespace RkLlama.Engine.Residency;

/// <summary>A loaded model and the supervisor of its worker: a resident model, or an additional KV slot of one.</summary>
/// <param name="bytes">Estimated memory of the loaded model, in bytes.</param>
/// <param name="domain">The first NPU domain of the model.</param>
internal sealed class Resident(ModelInstance model, WorkerSupervisor supervisor, long bytes, int domain)
{
    private volatile IReadOnlyList<Resident> _extraSlots = [];

    internal ModelInstance Model => model;

    internal WorkerSupervisor Supervisor => supervisor;

    /// <summary>Estimated memory of this worker, in bytes; 0 if the model has failed, because its worker has ended.</summary>
    internal long Bytes => HasWorker ? bytes : 0;

    /// <summary>Estimated memory of the model with its additional KV slots, in bytes.</summary>
    internal long TotalBytes => Bytes + _extraSlots.Sum(static slot => slot.Bytes);

    /// <summary>The first NPU domain of the model, at least 1.</summary>
    internal int Domain => domain;

    /// <summary>Number of consecutive NPU domains of this worker, at least 1.</summary>
    internal int DomainCount { get; } = AdmissionPolicy.DomainsOf(bytes);

    /// <summary>Whether the domains are in use, or a worker will use them at the next attempt to start it.</summary>
    internal bool HoldsDomains => HasWorker || supervisor.RetriesLater;

    /// <summary>Whether the model has a worker, or gets a new one at once.</summary>
    internal bool HasWorker => model.State != ModelState.Failed;

    /// <summary>Whether the model or one of its KV slots has a worker.</summary>
    internal bool IsInMemory => Workers.Any(static worker => worker.HasWorker);

    /// <summary>Whether the model is loading, loaded or restarting.</summary>
    internal bool IsBusy => model.State is not (ModelState.Failed or ModelState.Stuck);

    /// <summary>Whether this is an additional KV slot of a resident model.</summary>
    internal bool IsExtraSlot => model.Slot > 0;

    /// <summary>The additional KV slots of this model. Changed under the lock of <see cref="ResidentModels"/>.</summary>
    internal IReadOnlyList<Resident> ExtraSlots
    {
        get => _extraSlots;
        set => _extraSlots = value;
    }

    /// <summary>All workers of the model: this one, then those of the additional KV slots.</summary>
    internal IEnumerable<Resident> Workers => [this, .. _extraSlots];

    /// <summary>Whether additional KV slots can be loaded. Guarded by the lock of <see cref="ResidentModels"/>.</summary>
    internal bool CanHaveSlots { get; set; } = true;

    /// <summary>Completes when the first load of the model has succeeded or failed.</summary>
    internal Task Load { get; set; } = Task.CompletedTask;
}
