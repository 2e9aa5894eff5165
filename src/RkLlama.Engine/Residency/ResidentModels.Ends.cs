namespace RkLlama.Engine.Residency;

/// <content>Ends workers: for an eviction, for the operator, and when the idle timer expires.</content>
internal sealed partial class ResidentModels
{
    /// <summary>Ends the worker of the model with this name if the model is resident and not loading. The model is no longer resident then.</summary>
    /// <returns>Completes when the memory of the worker is free. Null if the model is not resident, or is loading.</returns>
    internal Task? TryStopWorker(string name)
    {
        lock (_lock)
        {
            return _residents.Find(name) is { Load.IsCompleted: true } resident ? End(resident) : null;
        }
    }

    /// <summary>Marks a resident model as unloaded and ends its worker. It is no longer resident then.</summary>
    /// <returns>Completes when the memory of the worker is free. Null if the model is not resident.</returns>
    internal Task? TryUnload(ModelInstance model)
    {
        lock (_lock)
        {
            if (_residents.Find(model) is not { } resident)
                return null;

            // Marks the model before it ends the worker, so that a request whose run fails can see that the model was unloaded.
            return BothAsync(model.MarkUnloadedAsync(), End(resident));
        }

        static async Task BothAsync(Task marked, Task end)
        {
            await marked.ConfigureAwait(false);
            await end.ConfigureAwait(false);
        }
    }

    private void Evict(Resident resident)
    {
        if (!resident.IsExtraSlot)
            evicting(resident.Model);
        End(resident);
    }

    /// <summary>Ends the workers of a model, which is no longer resident then, or the worker of an additional KV slot. The caller holds the lock.</summary>
    private Task End(Resident resident)
    {
        if (resident.IsExtraSlot)
            RemoveSlot(_residents.Find(resident.Model.First), resident);
        else
            _residents.Remove(resident);
        if (_stuck.First is null)
            _ending.RemoveEnded();
        List<Task> ends = [];
        foreach (Resident worker in resident.Workers)
        {
            long bytes = worker.Bytes;
            ends.Add(worker.Supervisor.EndAsync());
            _ending.Add(ends[^1], bytes);
        }

        return ends.Count == 1 ? ends[0] : Task.WhenAll(ends);
    }
}
