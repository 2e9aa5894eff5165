using System.Diagnostics;
using RkLlama.Engine.Workers;
using RkLlama.Native;

namespace RkLlama.Engine.Generation;

/// <summary>Where the time of an answer went. The total also covers the time to build the prompt and to change runs.</summary>
/// <param name="Queue">In the queue.</param>
/// <param name="Load">From the queue slot to the start of the run: the load of the model.</param>
internal sealed record GenerationTimings(TimeSpan Queue, TimeSpan Load, TimeSpan Prefill, TimeSpan Decode, TimeSpan Total)
{
    /// <summary>Prefill and decode are the runtime's own figures where it reports them.</summary>
    /// <param name="outcomes">Of the runs in one queue slot, in order.</param>
    /// <param name="started">When the first run started, in <see cref="Stopwatch"/> timestamps.</param>
    /// <param name="arrival">When the request came, in <see cref="Stopwatch"/> timestamps.</param>
    internal static GenerationTimings Of(IReadOnlyList<RunOutcome> outcomes, TimeSpan queue, TimeSpan load, long started, long arrival)
    {
        TimeSpan prefill = TimeSpan.Zero, decode = TimeSpan.Zero;
        long begun = started;
        foreach (RunOutcome outcome in outcomes)
        {
            // Another thread notes the token than the start, so it may seem to come first.
            long first = Math.Max(begun, outcome.FirstToken ?? outcome.Ended);
            RunStatistics? own = outcome.End.Statistics;
            prefill += own is { PrefillMs: > 0 } ? TimeSpan.FromMilliseconds(own.PrefillMs) : Stopwatch.GetElapsedTime(begun, first);
            decode += own is { DecodeMs: > 0 } ? TimeSpan.FromMilliseconds(own.DecodeMs) : Stopwatch.GetElapsedTime(first, Math.Max(first, outcome.Ended));
            begun = outcome.Ended;
        }

        return new(queue, load, prefill, decode, Stopwatch.GetElapsedTime(arrival, outcomes[^1].Ended));
    }

    /// <summary>The sum of two answers, the second of which was asked for after the first had ended.</summary>
    public static GenerationTimings operator +(GenerationTimings one, GenerationTimings other) =>
        new(one.Queue + other.Queue, one.Load + other.Load, one.Prefill + other.Prefill, one.Decode + other.Decode, one.Total + other.Total);
}
