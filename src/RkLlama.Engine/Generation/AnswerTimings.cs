using System.Diagnostics;
using RkLlama.Engine.Workers;
using RkLlama.Native;

namespace RkLlama.Engine.Generation;

/// <summary>Where the time of an answer went. The total has also what is none of these: making the prompt, and what a switch of runs takes.</summary>
internal sealed record AnswerTimings(TimeSpan Queue, TimeSpan Load, TimeSpan Prefill, TimeSpan Decode, TimeSpan Total)
{
    /// <summary>By the runtime's own figures where it has them.</summary>
    /// <param name="outcomes">Of the runs of one turn, in order.</param>
    /// <param name="arrival">When the request came, in <see cref="Stopwatch"/> timestamps.</param>
    internal static AnswerTimings Of(IReadOnlyList<RunOutcome> outcomes, StartedRun started, long arrival)
    {
        TimeSpan prefill = TimeSpan.Zero, decode = TimeSpan.Zero;
        long begun = started.Started;
        foreach (RunOutcome outcome in outcomes)
        {
            // The token is noticed on another thread than the start, so it may seem to come first.
            long first = Math.Max(begun, outcome.FirstToken ?? outcome.Ended);
            RunStatistics? own = outcome.End.Statistics;
            prefill += own is { PrefillMs: > 0 } ? TimeSpan.FromMilliseconds(own.PrefillMs) : Stopwatch.GetElapsedTime(begun, first);
            decode += own is { DecodeMs: > 0 } ? TimeSpan.FromMilliseconds(own.DecodeMs) : Stopwatch.GetElapsedTime(first, Math.Max(first, outcome.Ended));
            begun = outcome.Ended;
        }

        return new(
            started.Queue,
            started.Load,
            prefill,
            decode,
            Stopwatch.GetElapsedTime(arrival, outcomes[^1].Ended));
    }

    /// <summary>Of two answers, the second of which was asked for when the first had ended.</summary>
    public static AnswerTimings operator +(AnswerTimings one, AnswerTimings other) =>
        new(one.Queue + other.Queue, one.Load + other.Load, one.Prefill + other.Prefill, one.Decode + other.Decode, one.Total + other.Total);
}
