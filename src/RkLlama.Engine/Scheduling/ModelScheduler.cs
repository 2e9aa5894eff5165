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
    /// <summary>
    /// Waits for a queue slot, loads the model if it is not loaded, and waits until its worker is ready. Gives the slot back during a load or a restart.
    /// </summary>
    /// <param name="request">What the queue must know of the request. Its model is <paramref name="model"/>.</param>
    /// <param name="keepAlive">How long the model stays loaded after the lease; <see langword="null"/> for the node's default, negative for no limit.</param>
    /// <exception cref="QueueFullException">The queue is full, or the request waited too long.</exception>
    /// <exception cref="DrainingException">The server is shutting down.</exception>
    /// <exception cref="NoModelException">The model was unloaded while the request waited.</exception>
    /// <exception cref="EngineException">The model could not be loaded, or its worker failed and is not restarted.</exception>
    internal async Task<ModelLease> AcquireAsync(ModelInstance model, QueuedRequest request, TimeSpan? keepAlive, CancellationToken cancellationToken)
    {
        request = request with { Instance = model };
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, model.Unloaded);
        LoadAttempts attempts = new();
        long joined = Stopwatch.GetTimestamp();
        TimeSpan loads = TimeSpan.Zero;
        QueueSlot? slot = null;
        bool hasLoaded = false;
        try
        {
            while (true)
            {
                slot = await queue.EnterAsync(request, ended.Token).ConfigureAwait(false);
                long granted = Stopwatch.GetTimestamp();
                Task? wait = Take(model, request, attempts, out ModelInstance instance, out WorkerSupervisor? worker);
                if (wait is null && worker is not null)
                {
                    // A failed worker fails the request here, before it has a lease.
                    await worker.Ready.WaitAsync(ended.Token).ConfigureAwait(false);
                    return new(slot, instance, worker, host, caches, keepAlive, Stopwatch.GetElapsedTime(joined, granted) - loads, loads, granted)
                    {
                        ClearsCache = request.Owner is { } owner && instance.KvCache?.Owner != owner,
                    };
                }

                // Others use the NPU while this model loads or restarts.
                hasLoaded |= wait is not null;
                request = request with { Arrival = slot.Arrival, After = wait is null ? null : MeasureAsync(wait) };
                slot.Return();
            }
        }
        catch (Exception ex)
        {
            slot?.Dispose();
            if (hasLoaded)
                StartIdleTimer(model, keepAlive);
            bool isUnloaded = model.Unloaded.IsCancellationRequested;
            if (queue.IsClosed && !request.HasStarted && (ex is NoModelException || (ex is OperationCanceledException && isUnloaded)))
                throw new DrainingException();
            if (isUnloaded && !cancellationToken.IsCancellationRequested && ex is NoModelException or OperationCanceledException)
                throw new ModelUnloadedException(model.Name);
            throw;
        }

        async Task MeasureAsync(Task load)
        {
            long start = Stopwatch.GetTimestamp();
            try
            {
                await load.ConfigureAwait(false);
            }
            finally
            {
                loads += Stopwatch.GetElapsedTime(start);
            }
        }
    }

    /// <summary>Chooses the worker for a request, or starts to load it. The caller holds the queue slot.</summary>
    /// <param name="worker">Null if the model is not loaded, or restarts. The caller must then give the slot back.</param>
    /// <returns>The load that the caller must wait for; null for none.</returns>
    private Task? Take(ModelInstance model, QueuedRequest request, LoadAttempts attempts, out ModelInstance instance, out WorkerSupervisor? worker)
    {
        instance = model;
        Task load = host.BeginLoad(model, attempts, out worker);
        if (worker is null)
            return load;
        if (caches.TakeWorker(model, request, out Task? slotLoad) is { } taken)
            (instance, worker) = (taken.Model, taken.Supervisor);
        else if (!host.CanStart(model))
            worker = null;
        return slotLoad;
    }

    /// <summary>Starts the idle timer of a model whose request has left during the load.</summary>
    private void StartIdleTimer(ModelInstance model, TimeSpan? keepAlive)
    {
        if (model is { IdleTimer: null, LastRun: 0 } && host.FindResident(model.Name) == model)
            host.ResetIdleTimer(model, keepAlive);
    }

    /// <summary>Loads a model for the operator. See <see cref="ModelHost.LoadAsync(ModelEntry)"/>. If a model is resident, waits for a queue slot first.</summary>
    /// <exception cref="QueueFullException">The queue is full, or the request waited too long.</exception>
    /// <exception cref="DrainingException">The server is shutting down.</exception>
    internal async Task<ModelInstance> LoadAsync(ModelEntry entry, CancellationToken cancellationToken)
    {
        if (host.RefusesLoads)
            throw new ModelAlreadyLoadedException();

        // The load may end the worker of an additional KV slot, which must not run then. Others use the NPU during the load.
        Task<ModelInstance> load;
        using (host.HasModel ? await queue.EnterAsync(entry.Name, cancellationToken).ConfigureAwait(false) : null)
            load = host.LoadAsync(entry);
        return await load.ConfigureAwait(false);
    }

    /// <summary>Waits for a queue slot, then unloads the model if it is resident. If the model is loading, waits for the end of the load first. The next request that names the model loads it again, also if it was preloaded.</summary>
    /// <param name="model">Name of the model.</param>
    /// <exception cref="QueueFullException">The queue is full, or the request waited too long.</exception>
    /// <exception cref="DrainingException">The server is shutting down.</exception>
    /// <exception cref="WorkerStuckException">The worker survived SIGKILL.</exception>
    internal async Task UnloadAsync(string model, CancellationToken cancellationToken)
    {
        Task end;
        if (host.FindResident(model) is null)
        {
            await host.StopAsync(model).ConfigureAwait(false);
            return;
        }

        using (await queue.EnterAsync(new QueuedRequest(model) { After = host.EndOfLoad(model) }, cancellationToken).ConfigureAwait(false))
            end = host.StopAsync(model);

        // The worker is idle, so others use the NPU while it ends.
        await end.ConfigureAwait(false);
    }
}
