using System.Diagnostics;
using RkLlama.Engine.Workers;
using RkLlama.Native;

namespace RkLlama.Engine.Generation;

/// <summary>
/// Durations of the parts of a turn or of an embedding, or their sums. The total also includes the time to build the prompt and the time between runs.
/// </summary>
/// <param name="Queue">Wait time in the queue.</param>
/// <param name="Load">From getting the queue slot to the start of the first run: the load of the model, or almost zero if it is loaded.</param>
/// <param name="Prefill">Prefill time of all runs.</param>
/// <param name="Decode">Decode time of all runs, without the first token of each run.</param>
/// <param name="Total">From the arrival of the request to the end of the last run.</param>
internal sealed record GenerationTimings(TimeSpan Queue, TimeSpan Load, TimeSpan Prefill, TimeSpan Decode, TimeSpan Total)
{
    /// <summary>Computes the times of one turn. If the runtime reports its own prefill and decode times, uses these.</summary>
    /// <param name="outcomes">The outcomes of the runs of the turn, in order; at least one.</param>
    /// <param name="started">When the first run started, as a <see cref="Stopwatch"/> timestamp.</param>
    /// <param name="arrival">When the request arrived, as a <see cref="Stopwatch"/> timestamp.</param>
    internal static GenerationTimings Of(IReadOnlyList<RunOutcome> outcomes, TimeSpan queue, TimeSpan load, long started, long arrival)
    {
        TimeSpan prefill = TimeSpan.Zero, decode = TimeSpan.Zero;
        long begun = started;
        foreach (RunOutcome outcome in outcomes)
        {
            // Start and first token are recorded on different threads, so the token may have the earlier timestamp.
            begun = Math.Max(begun, outcome.Started);
            long first = Math.Max(begun, outcome.FirstToken ?? outcome.Ended);
            RunStatistics? own = outcome.End.Statistics;
            prefill += own is { PrefillMs: > 0 } ? TimeSpan.FromMilliseconds(own.PrefillMs) : Stopwatch.GetElapsedTime(begun, first);
            decode += own is { DecodeMs: > 0 } ? TimeSpan.FromMilliseconds(own.DecodeMs) : Stopwatch.GetElapsedTime(first, Math.Max(first, outcome.Ended));
            begun = outcome.Ended;
        }

        return new(queue, load, prefill, decode, Stopwatch.GetElapsedTime(arrival, outcomes[^1].Ended));
    }

    /// <summary>Adds the times of two turns, or of two embeddings, of one request.</summary>
    public static GenerationTimings operator +(GenerationTimings one, GenerationTimings other) =>
        new(one.Queue + other.Queue, one.Load + other.Load, one.Prefill + other.Prefill, one.Decode + other.Decode, one.Total + other.Total);
}
