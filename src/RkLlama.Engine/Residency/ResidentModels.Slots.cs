namespace RkLlama.Engine.Residency;

/// <content>Additional KV slots: more workers of a resident model, each with its own KV cache.</content>
internal sealed partial class ResidentModels
{
    /// <summary>Returns the workers of a resident model that can start a run now, the first one of the model first. Empty if there are none.</summary>
    internal IReadOnlyList<Resident> ReadyWorkers(string name)
    {
        lock (_lock)
            return [.. _residents.Find(name)?.Workers.Where(static worker => worker.Model.State is ModelState.Ready or ModelState.Running) ?? []];
    }

    /// <summary>Whether <see cref="TryAddSlot"/> would not be refused because of the number of slots. The memory may still not be enough.</summary>
    internal bool MayAddSlot(string name, int limit)
    {
        lock (_lock)
            return _residents.Find(name) is { CanHaveSlots: true } resident && resident.Workers.Count() < limit;
    }

    /// <summary>Loads a resident model once more, in a worker with its own KV cache. Evicts nothing.</summary>
    /// <param name="limit">The maximum number of workers of the model.</param>
    /// <returns>
    /// Completes when the load has ended, and never fails. Null if there is no room. After a failed load, the model gets no more slots until it is loaded again.
    /// </returns>
    internal Task? TryAddSlot(ModelInstance model, int limit)
    {
        MemoryDemand demand = memory.Measure(model);
        lock (_lock)
        {
            Resident? first = _residents.Find(model);
            if (_stuck.First is not null || first is not { CanHaveSlots: true, Load.IsCompletedSuccessfully: true } || first.Workers.Count() >= limit || _residents.Loading is not null)
                return null;
            if (AdmissionPolicy.PlaceSlot(model, demand, _residents, _ending.Bytes) is not { } domain)
                return null;
            int number = Enumerable.Range(1, limit).First(number => first.ExtraSlots.All(slot => slot.Model.Slot != number));
            ModelInstance instance = model.NewSlot(number);
            instance.TryMove(ModelState.Loading);
            Resident slot = new(instance, supervise(instance, domain, _ending.WhenAll), demand.Bytes, domain);
            first.ExtraSlots = [.. first.ExtraSlots, slot];
            slot.Load = WatchSlotAsync(first, slot);
            ReportEnd(slot.Load);
            return Task.WhenAny(slot.Load);
        }
    }

    /// <summary>The caller holds the lock.</summary>
    private static void RemoveSlot(Resident? first, Resident slot)
    {
        if (first is not null)
            first.ExtraSlots = [.. first.ExtraSlots.Where(other => other != slot)];
    }

    /// <summary>Waits for the load of an additional KV slot. If the load fails, the model gets no more slots until it is loaded again.</summary>
    private async Task WatchSlotAsync(Resident first, Resident slot)
    {
        try
        {
            await slot.Supervisor.Ready.ConfigureAwait(false);
        }
        catch
        {
            lock (_lock)
            {
                first.CanHaveSlots = false;
                RemoveSlot(first, slot);
            }

            throw;
        }
    }
}
