using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Residency;

/// <content>Unloads models: for the operator, after a deletion, when the idle timer expires, and when the server stops.</content>
internal sealed partial class ModelHost
{
    /// <summary>
    /// Ends the worker of the model if the model is resident and not loading. Returns when its memory is free. The next request that names the model loads it
    /// again. The caller must hold the queue slot.
    /// </summary>
    /// <param name="name">Name of the model. If it is not resident, nothing happens.</param>
    /// <exception cref="WorkerStuckException">The worker survived SIGKILL.</exception>
    internal async Task StopWorkerAsync(string name)
    {
        if (_residents.TryStopWorker(name) is not { } end)
            return;

        await end.ConfigureAwait(false);
        Log.Unloaded(_logger, name);
        DropUnusedIfEmpty();
    }

    /// <summary>As <see cref="StopWorkerAsync"/>. A model of the setting <see cref="Configuration.NodeOptions.Preload"/> is not loaded again by itself.</summary>
    /// <exception cref="WorkerStuckException">The worker survived SIGKILL.</exception>
    internal Task StopAsync(string name)
    {
        // Before the worker ends, because the server loads preloaded models as soon as there is room for them.
        foreach (ModelInstance model in _preloaded.Remove(name))
            model.IsPinned = false;
        return StopWorkerAsync(name);
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
            foreach (ModelInstance model in _preloaded.Remove(name))
                model.IsRemoved = true;

            // The instances are marked before this, so that none of them can become resident afterwards.
            if (_residents.Find(name) is not { } resident)
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
    internal Task<bool> RemoveAsync(string name) => _residents.Find(name) is { IsRemoved: true } model ? TryUnloadAsync(model) : Task.FromResult(false);

    /// <summary>
    /// Unloads the model for requests that do not name one, for the operator: aborts its run and fails the requests that wait for it. Returns when its memory is
    /// free.
    /// </summary>
    /// <exception cref="NoModelException">No model is resident.</exception>
    /// <exception cref="WorkerStuckException">The worker survived SIGKILL, so the NPU is not free.</exception>
    internal async Task UnloadAsync()
    {
        if (_residents.Main is not { } model || !await TryUnloadAsync(model).ConfigureAwait(false))
            throw new NoModelException();
        _recent.DropUnused();
        MemoryFreed?.Invoke();
    }

    /// <summary>Unloads all models whose workers are not stuck, as <see cref="UnloadAsync"/>. Does nothing if no model is resident.</summary>
    /// <exception cref="WorkerStuckException">A worker survived SIGKILL, so the NPU is not free.</exception>
    internal Task UnloadAllAsync() =>
        Task.WhenAll(_residents.All.Where(static resident => resident.Model.State != ModelState.Stuck).Select(resident => TryUnloadAsync(resident.Model)));

    /// <summary>Unloads a model if it is resident.</summary>
    /// <returns>Whether it was.</returns>
    private async Task<bool> TryUnloadAsync(ModelInstance model)
    {
        if (_residents.TryUnload(model) is not { } end)
            return false;
        _preloaded.Remove(model);
        PolicyChanged?.Invoke();
        await end.ConfigureAwait(false);
        Log.Unloaded(_logger, model.Name);
        DropUnusedIfEmpty();
        return true;
    }

    /// <summary>If no model is resident any more, also frees the tokenizers of recent models: an idle node keeps no memory.</summary>
    private void DropUnusedIfEmpty()
    {
        if (_residents.All.Count > 0)
            return;
        _recent.DropUnused();
        MemoryFreed?.Invoke();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await UnloadAllAsync().ConfigureAwait(false);
}
