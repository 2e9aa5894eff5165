using System.Diagnostics;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>Token counts and times of one turn, for the log and the metrics. Times and counts that the runtime measures itself have priority.</summary>
/// <param name="CachedTokens">Prompt tokens that were in the KV cache; <see langword="null"/> if the runtime does not report it.</param>
/// <param name="ToFirstToken">TTFT: time from the arrival of the request to the first token; <see langword="null"/> if there was no token.</param>
/// <param name="PrefilledTokens">
/// Prompt tokens that were processed in the time <see cref="GenerationTimings.Prefill"/>, without those from the KV cache if the runtime reports them.
/// </param>
/// <param name="DecodedTokens">Tokens that were generated in the time <see cref="GenerationTimings.Decode"/>: all except the first one of each run.</param>
internal sealed record GenerationStatistics(
    string Model, int PromptTokens, int? CachedTokens, int OutputTokens, TimeSpan? ToFirstToken, int PrefilledTokens, int DecodedTokens, GenerationTimings Timings)
{
    /// <summary>Prefilled tokens per second; <see langword="null"/> if there are none or the time is zero.</summary>
    internal double? PrefillRate => Rate(PrefilledTokens, Timings.Prefill);

    /// <summary>Decoded tokens per second; <see langword="null"/> if there are none or the time is zero.</summary>
    internal double? DecodeRate => Rate(DecodedTokens, Timings.Decode);

    /// <summary>Computes the statistics of one turn.</summary>
    /// <param name="outcomes">The outcomes of the runs of the turn, in order; at least one.</param>
    /// <param name="arrival">When the request arrived, as a <see cref="Stopwatch"/> timestamp.</param>
    internal static GenerationStatistics Of(string model, Prompt prompt, IReadOnlyList<RunOutcome> outcomes, GenerationTimings timings, long arrival)
    {
        int output = 0, prefilled = 0, decoded = 0;
        foreach (RunEnd end in outcomes.Select(static outcome => outcome.End))
        {
            output += end.TokenCount;
            prefilled += end.Statistics?.PrefillTokens ?? prompt.TokenCount;
            decoded += end.Statistics is { DecodeTokens: > 0 } own ? own.DecodeTokens : Math.Max(0, end.TokenCount - 1);
        }

        int? cached = prompt.Tokens is not null && outcomes[0].End.Statistics is { } first
            ? Math.Clamp(prompt.TokenCount - first.PrefillTokens, 0, prompt.TokenCount)
            : null;
        return new(
            model,
            prompt.TokenCount,
            cached,
            output,
            outcomes[0].FirstToken is { } token ? Stopwatch.GetElapsedTime(arrival, token) : null,
            prefilled,
            decoded,
            timings);
    }

    /// <summary>Adds the counts and the times of two turns of one request.</summary>
    public static GenerationStatistics operator +(GenerationStatistics first, GenerationStatistics second) => new(
        second.Model,
        first.PromptTokens + second.PromptTokens,
        first.CachedTokens + second.CachedTokens,
        first.OutputTokens + second.OutputTokens,
        first.ToFirstToken ?? second.ToFirstToken,
        first.PrefilledTokens + second.PrefilledTokens,
        first.DecodedTokens + second.DecodedTokens,
        first.Timings + second.Timings);

    internal GenerationSample ToSample() =>
        new(Model, PromptTokens, CachedTokens ?? 0, OutputTokens, Timings.Prefill, Timings.Decode, ToFirstToken, PrefillRate, DecodeRate);

    private static double? Rate(int tokens, TimeSpan time) => tokens > 0 && time > TimeSpan.Zero ? tokens / time.TotalSeconds : null;
}
