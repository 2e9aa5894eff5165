using RkLlama.Engine.Limits;
using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Engine.Models.Store;
using RkLlama.Engine.Prefixes;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Scheduling;

/// <summary>
/// Copies, makes, renames and deletes models, also models that are loaded. The change on the disk comes first. If it fails, the model is still loaded and serves.
/// Thread-safe.
/// </summary>
internal sealed class ModelManager(ModelCatalog catalog, ModelStore store, ModelHost host, RunQueue queue, PrefixStore? prefixes = null)
{
    /// <summary>Copies a model. See <see cref="ModelStore.Copy"/>.</summary>
    /// <param name="source">The name in the request. Case and the tag <c>:latest</c> are ignored.</param>
    /// <exception cref="ModelNotFoundException">There is no such model.</exception>
    /// <exception cref="ModelException">The model cannot be copied. Nothing has changed.</exception>
    /// <exception cref="OperationCanceledException">The copy was cancelled. Nothing has changed.</exception>
    internal Task CopyAsync(string source, string destination, CancellationToken cancellationToken)
    {
        string name = Resolve(source);

        // A copy to another file system takes minutes, so it gets its own thread.
        return Task.Factory.StartNew(
            () => Change(source, () => store.Copy(name, destination, cancellationToken)), cancellationToken, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
    }

    /// <summary>
    /// Makes a model of another one. See <see cref="ModelStore.Create"/>. If it replaces a model that is loaded, unloads that after its active run. The next request
    /// for the name loads the new one.
    /// </summary>
    /// <param name="source">The name in the request. Case and the tag <c>:latest</c> are ignored.</param>
    /// <returns>The name of the new model.</returns>
    /// <exception cref="WorkerStuckException">The model is made, but the worker of the replaced one survived SIGKILL.</exception>
    /// <inheritdoc cref="CopyAsync" path="/exception"/>
    internal async Task<string> CreateAsync(string source, string destination, Func<Modelfile, Modelfile> change, CancellationToken cancellationToken)
    {
        string name = Resolve(source);
        (string created, string? replaced) = await Task.Factory.StartNew(
            () => Change(source, () => store.Create(name, destination, change, cancellationToken)), cancellationToken, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default).ConfigureAwait(false);
        if (replaced is null)
            return created;
        try
        {
            bool isPreloaded = host.PreloadedModels.Any(model => model.Name == created);
            await UnloadAsync(created).ConfigureAwait(false);
            if (isPreloaded)
                host.PreloadWhenIdle(created);
        }
        finally
        {
            store.Remove(replaced);
        }

        return created;
    }

    /// <summary>Renames a model. If the model is loaded, unloads it after its active run. The next request for the new name loads it again.</summary>
    /// <param name="source">The name in the request. Case and the tag <c>:latest</c> are ignored.</param>
    /// <returns>The new name, and whether the model was loaded.</returns>
    /// <exception cref="ModelNotFoundException">There is no such model.</exception>
    /// <exception cref="ModelException">The model cannot be renamed. Nothing has changed.</exception>
    /// <exception cref="WorkerStuckException">The model is renamed, but the worker survived SIGKILL.</exception>
    internal async Task<(string Name, bool WasLoaded)> RenameAsync(string source, string destination)
    {
        string name = Resolve(source);
        string renamed = Change(source, () => store.Rename(name, destination));
        return (renamed, await UnloadAsync(name).ConfigureAwait(false));
    }

    /// <summary>
    /// Deletes a model. If the model is loaded or loading, unloads it after its active run. When this method returns, the model no longer serves.
    /// </summary>
    /// <param name="requested">The name in the request. Case and the tag <c>:latest</c> are ignored.</param>
    /// <exception cref="ModelNotFoundException">There is no such model.</exception>
    /// <exception cref="ModelException">The model cannot be deleted. Nothing has changed.</exception>
    /// <exception cref="WorkerStuckException">The model is deleted, but the worker survived SIGKILL.</exception>
    internal async Task DeleteAsync(string requested)
    {
        string name = Resolve(requested);
        string hidden = Change(requested, () => store.Detach(name));
        try
        {
            await UnloadAsync(name).ConfigureAwait(false);
        }
        finally
        {
            store.Remove(hidden);
        }
    }

    /// <summary>Makes a change. If another request has deleted or renamed the model meanwhile, it is as if the model had not been there.</summary>
    private static T Change<T>(string requested, Func<T> change)
    {
        try
        {
            return change();
        }
        catch (ModelException ex) when (ex.Kind == ModelErrorKind.DirectoryNotFound)
        {
            throw new ModelNotFoundException(requested);
        }
    }

    private string Resolve(string requested) => catalog.Resolve(requested) ?? throw new ModelNotFoundException(requested);

    /// <summary>
    /// Unloads a model that no longer exists under this name. The change on the disk is final, so this cannot be cancelled. If the queue gives no slot, for
    /// example because it is full, the active run is aborted.
    /// </summary>
    private async Task<bool> UnloadAsync(string name)
    {
        if (!host.Hide(name))
        {
            prefixes?.Remove(name);
            return false;
        }

        QueueSlot? slot = null;
        try
        {
            // A request gets its answer before, but the operator's load ends at once.
            Task? load = host.FindResident(name) is { IsPinned: true } ? null : host.EndOfLoad(name);
            slot = await queue.EnterAsync(new QueuedRequest(name) { After = load }, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception ex) when (ex is QueueFullException or DrainingException)
        {
            // The model is unloaded without the slot.
        }

        using (slot)
        {
            bool wasLoaded = await host.RemoveAsync(name).ConfigureAwait(false);
            prefixes?.Remove(name);
            return wasLoaded;
        }
    }
}
