using System.Diagnostics;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Models;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Scheduling;

/// <summary>
/// Gives requests access to the NPU, one request at a time: waits for the queue slot and loads the model. Only the resulting <see cref="ModelLease"/> can start
/// runs. Thread-safe.
/// </summary>
internal sealed class ModelScheduler(RunQueue queue, ModelHost host, KvCaches caches)
{
    /// <summary>Waits for a queue slot, loads the model if it is not loaded, and waits until its worker is ready.</summary>
    /// <param name="request">What the queue must know of the request. Its model is <paramref name="model"/>.</param>
    /// <param name="keepAlive">How long the model stays loaded after the lease; <see langword="null"/> for the node's default, negative for no limit.</param>
    /// <exception cref="QueueFullException">The queue is full, or the request waited too long.</exception>
    /// <exception cref="DrainingException">The server is shutting down.</exception>
    /// <exception cref="NoModelException">The model was unloaded while the request waited.</exception>
    /// <exception cref="EngineException">The model could not be loaded, or its worker failed and is not restarted.</exception>
    internal async Task<ModelLease> AcquireAsync(ModelInstance model, QueuedRequest request, TimeSpan? keepAlive, CancellationToken cancellationToken)
    {
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, model.Unloaded);
        long joined = Stopwatch.GetTimestamp();
        QueueSlot? slot = null;
        try
        {
            slot = await queue.EnterAsync(request, ended.Token).ConfigureAwait(false);
            long granted = Stopwatch.GetTimestamp();
            WorkerSupervisor first = await host.EnsureLoadedAsync(model, ended.Token).ConfigureAwait(false);
            (ModelInstance instance, WorkerSupervisor worker) = await caches.TakeWorkerAsync(model, request, ended.Token).ConfigureAwait(false) is { } taken
                ? (taken.Model, taken.Supervisor)
                : (model, first);

            // A failed worker fails the request here, before it has a lease.
            await worker.Ready.WaitAsync(ended.Token).ConfigureAwait(false);
            return new(slot, instance, worker, host, caches, keepAlive, Stopwatch.GetElapsedTime(joined, granted), granted)
            {
                ClearsCache = request.Owner is { } owner && instance.KvCache?.Owner != owner,
            };
        }
        catch (Exception ex)
        {
            slot?.Dispose();
            if (ex is OperationCanceledException && model.Unloaded.IsCancellationRequested)
                throw new NoModelException();
            throw;
        }
    }

    /// <summary>Loads a model for the operator. See <see cref="ModelHost.LoadAsync(ModelEntry)"/>. If a model is resident, waits for a queue slot first.</summary>
    /// <exception cref="QueueFullException">The queue is full, or the request waited too long.</exception>
    /// <exception cref="DrainingException">The server is shutting down.</exception>
    internal async Task<ModelInstance> LoadAsync(ModelEntry entry, CancellationToken cancellationToken)
    {
        if (host.RefusesLoads)
            throw new ModelAlreadyLoadedException();

        // No run may be active during the load.
        using QueueSlot? slot = host.HasModel ? await queue.EnterAsync(entry.Name, cancellationToken).ConfigureAwait(false) : null;
        return await host.LoadAsync(entry).ConfigureAwait(false);
    }

    /// <summary>Waits for a queue slot, then unloads the model if it is resident. The next request that names the model loads it again.</summary>
    /// <param name="model">Name of the model.</param>
    /// <exception cref="QueueFullException">The queue is full, or the request waited too long.</exception>
    /// <exception cref="DrainingException">The server is shutting down.</exception>
    /// <exception cref="WorkerStuckException">The worker survived SIGKILL.</exception>
    internal async Task UnloadAsync(string model, CancellationToken cancellationToken)
    {
        if (host.FindResident(model) is null)
            return;
        using QueueSlot slot = await queue.EnterAsync(model, cancellationToken).ConfigureAwait(false);
        await host.StopWorkerAsync(model).ConfigureAwait(false);
    }
}
