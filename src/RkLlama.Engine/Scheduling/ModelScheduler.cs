using System.Diagnostics;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Scheduling;

/// <summary>
/// Gives requests the NPU: a slot in the queue, the model loaded, its worker ready. Only a <see cref="ModelLease"/> can start a run. Any thread.
/// </summary>
internal sealed class ModelScheduler(RunQueue queue, ModelHost host)
{
    /// <summary>Waits for a queue slot and loads the model if need be.</summary>
    /// <param name="isRetry">Whether the request replaces one that waits or runs: the queue always has room for it.</param>
    /// <param name="keepAlive">Idle time of the model after the lease; <see langword="null"/> for the node's, negative for no limit.</param>
    /// <exception cref="QueueFullException">The queue is full, or the wait was too long.</exception>
    /// <exception cref="NoModelException">The model was unloaded while the request waited.</exception>
    /// <exception cref="EngineException">The model could not be loaded.</exception>
    internal async Task<ModelLease> AcquireAsync(ModelInstance model, bool isRetry, TimeSpan? keepAlive, CancellationToken cancellationToken)
    {
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, model.Unloaded);
        long joined = Stopwatch.GetTimestamp();
        QueueSlot? slot = null;
        try
        {
            slot = await queue.EnterAsync(model.Name, ended.Token, isRetry).ConfigureAwait(false);
            long granted = Stopwatch.GetTimestamp();
            WorkerSupervisor worker = await host.EnsureLoadedAsync(model, ended.Token).ConfigureAwait(false);
            await worker.Ready.WaitAsync(ended.Token).ConfigureAwait(false);
            return new(slot, model, worker, host, keepAlive, Stopwatch.GetElapsedTime(joined, granted), granted);
        }
        catch (Exception ex)
        {
            slot?.Dispose();
            if (ex is OperationCanceledException && model.Unloaded.IsCancellationRequested)
                throw new NoModelException();
            throw;
        }
    }

    /// <summary>Unloads a model, if it is resident, after the runs that were queued before.</summary>
    /// <exception cref="QueueFullException">The queue is full, or the wait was too long.</exception>
    /// <exception cref="EngineException">Its worker survived SIGKILL.</exception>
    internal async Task UnloadAsync(string model, CancellationToken cancellationToken)
    {
        using QueueSlot slot = await queue.EnterAsync(model, cancellationToken).ConfigureAwait(false);
        await host.UnloadIdleAsync(model).ConfigureAwait(false);
    }
}
