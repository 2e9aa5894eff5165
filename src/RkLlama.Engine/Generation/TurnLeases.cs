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
    private readonly List<ModelLease> _all = [];
    private volatile ModelLease? _current;

    /// <summary>The current lease, or the last one. Valid after the first <see cref="NextAsync"/>.</summary>
    internal ModelLease Current => _current!;

    /// <summary>Ends the current lease and waits for the next one.</summary>
    /// <param name="prompt">The prompt of the next run.</param>
    /// <exception cref="NoModelException">The model was unloaded before the first lease.</exception>
    /// <exception cref="EngineException">The model could not be loaded, or it was unloaded between two leases.</exception>
    internal async Task NextAsync(RunInput prompt)
    {
        _current?.Dispose();
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
            _all.Add(_current);
            prepared.Request.Trace.Waited += _current.Waited;
        }
        catch (NoModelException) when (_current is not null)
        {
            throw new EngineException("The model was unloaded while it answered.");
        }
    }

    /// <summary>Records the pace of the model, then ends the current lease: the queue decides by the pace which request is next.</summary>
    /// <param name="outcomes">The outcomes of the runs of the turn, in order.</param>
    /// <param name="started">When the first run started, as a <see cref="System.Diagnostics.Stopwatch"/> timestamp.</param>
    /// <returns>The statistics of the turn; null if it had no run.</returns>
    internal GenerationStatistics? End(IReadOnlyList<RunOutcome> outcomes, long started)
    {
        try
        {
            if (outcomes.Count == 0)
                return null;
            TimeSpan queue = new(_all.Sum(static lease => lease.QueueTime.Ticks)), load = new(_all.Sum(static lease => lease.Started == 0 ? 0 : lease.LoadTime.Ticks));
            GenerationTimings timings = GenerationTimings.Of(outcomes, queue, load, started, prepared.Arrival);
            GenerationStatistics statistics = GenerationStatistics.Of(prepared.Model.Name, prepared.Prompt, outcomes, timings, prepared.Arrival);
            prepared.Model.Pace.Record(statistics.PrefilledTokens, timings.Prefill, statistics.DecodedTokens, timings.Decode);
            return statistics;
        }
        finally
        {
            _current?.Dispose();
        }
    }

    /// <summary>Aborts the active run and each run that the current lease starts later. Any thread.</summary>
    internal void Abort(AbortCause cause) => _current?.Abort(cause);
}
