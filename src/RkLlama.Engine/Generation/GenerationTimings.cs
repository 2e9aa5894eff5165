using System.Diagnostics;
using RkLlama.Engine.Workers;
using RkLlama.Native;

namespace RkLlama.Engine.Generation;

/// <summary>How long the parts of a generation took. The total also includes building the prompt and the time between runs.</summary>
/// <param name="Queue">Wait time in the queue.</param>
/// <param name="Load">From getting the queue slot to the start of the first run: the load of the model.</param>
/// <param name="Total">From the arrival of the request to the end of the last run.</param>
internal sealed record GenerationTimings(TimeSpan Queue, TimeSpan Load, TimeSpan Prefill, TimeSpan Decode, TimeSpan Total)
{
    /// <summary>Computes the times of the runs in one queue slot. Prefill and decode are the runtime's own values if it reports them.</summary>
    /// <param name="outcomes">The outcomes of the runs, in order; at least one.</param>
    /// <param name="started">When the first run started, as a <see cref="Stopwatch"/> timestamp.</param>
    /// <param name="arrival">When the request arrived, as a <see cref="Stopwatch"/> timestamp.</param>
    internal static GenerationTimings Of(IReadOnlyList<RunOutcome> outcomes, TimeSpan queue, TimeSpan load, long started, long arrival)
    {
        TimeSpan prefill = TimeSpan.Zero, decode = TimeSpan.Zero;
        long begun = started;
        foreach (RunOutcome outcome in outcomes)
        {
            // Start and first token are recorded on different threads, so the token may have the earlier timestamp.
            long first = Math.Max(begun, outcome.FirstToken ?? outcome.Ended);
            RunStatistics? own = outcome.End.Statistics;
            prefill += own is { PrefillMs: > 0 } ? TimeSpan.FromMilliseconds(own.PrefillMs) : Stopwatch.GetElapsedTime(begun, first);
            decode += own is { DecodeMs: > 0 } ? TimeSpan.FromMilliseconds(own.DecodeMs) : Stopwatch.GetElapsedTime(first, Math.Max(first, outcome.Ended));
            begun = outcome.Ended;
        }

        return new(queue, load, prefill, decode, Stopwatch.GetElapsedTime(arrival, outcomes[^1].Ended));
    }

    /// <summary>Adds the times of two turns of one request.</summary>
    public static GenerationTimings operator +(GenerationTimings one, GenerationTimings other) =>
        new(one.Queue + other.Queue, one.Load + other.Load, one.Prefill + other.Prefill, one.Decode + other.Decode, one.Total + other.Total);
}
