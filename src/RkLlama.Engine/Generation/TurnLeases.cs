using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;
using RkLlama.Native;

namespace RkLlama.Engine.Generation;

/// <summary>
/// The leases of one turn, one after the other: a background turn that gives way to another request continues on a later lease. Used by one task, except
/// <see cref="Abort"/>.
/// </summary>
/// <param name="acquire">Waits for a lease on the model of the request.</param>
internal sealed class TurnLeases(PreparedGeneration prepared, Func<QueuedRequest, Task<ModelLease>> acquire)
{
    private volatile ModelLease? _current;

    /// <summary>The current lease, or the last one. Valid after the first <see cref="NextAsync"/>.</summary>
    internal ModelLease Current => _current!;

    /// <summary>Time in the queue before all leases that have ended.</summary>
    internal TimeSpan QueueTime { get; private set; }

    /// <summary>Time to load the model for all leases that have ended.</summary>
    internal TimeSpan LoadTime { get; private set; }

    /// <summary>Ends the current lease and waits for the next one.</summary>
    /// <param name="prompt">The prompt of the next run.</param>
    /// <exception cref="NoModelException">The model was unloaded before the first lease.</exception>
    /// <exception cref="EngineException">The model could not be loaded, or it was unloaded between two leases.</exception>
    internal async Task NextAsync(RunInput prompt)
    {
        End();
        QueuedRequest request = new(prepared.Model.Name)
        {
            Prompt = prompt,
            Trace = prepared.Request.Trace,
            Owner = prepared.Request.Trace.CacheOwner,
            IsBackground = prepared.Request.Trace.IsBackground,
            IsRetry = prepared.Request.Trace.IsRetry,
            HasStarted = prepared.Request.Trace.Start is not null,
            Waited = prepared.Request.Trace.Waited,
        };
        try
        {
            _current = await acquire(request).ConfigureAwait(false);
            prepared.Request.Trace.Waited += _current.Waited;
        }
        catch (NoModelException) when (_current is not null)
        {
            throw new EngineException("The model was unloaded while it answered.");
        }
    }

    /// <summary>Ends the current lease. Only the first call for a lease has an effect.</summary>
    internal void End()
    {
        if (_current is not { } lease || !lease.TryDispose())
            return;
        QueueTime += lease.QueueTime;
        LoadTime += lease.Started == 0 ? TimeSpan.Zero : lease.LoadTime;
    }

    /// <summary>Aborts the active run and each run that the current lease starts later. Any thread.</summary>
    internal void Abort(AbortCause cause) => _current?.Abort(cause);
}
