using System.Diagnostics;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>Tokens and times of the runs in one queue slot, for the log and the metrics; the runtime's own figures where it reports them.</summary>
/// <param name="CachedTokens">Tokens of the prompt that were in the KV cache; <see langword="null"/> if the runtime does not say.</param>
/// <param name="ToFirstToken">TTFT, from the request's arrival; <see langword="null"/> if no token came.</param>
/// <param name="PrefilledTokens">Tokens that <see cref="GenerationTimings.Prefill"/> was for.</param>
/// <param name="DecodedTokens">Tokens that <see cref="GenerationTimings.Decode"/> was for: those after the first of each run.</param>
internal sealed record GenerationStatistics(
    string Model, int PromptTokens, int? CachedTokens, int OutputTokens, TimeSpan? ToFirstToken, int PrefilledTokens, int DecodedTokens, GenerationTimings Timings)
{
    /// <summary>Prefill tokens per second; <see langword="null"/> if nothing was prefilled.</summary>
    internal double? PrefillRate => Rate(PrefilledTokens, Timings.Prefill);

    /// <summary>Decode tokens per second; <see langword="null"/> if nothing was decoded.</summary>
    internal double? DecodeRate => Rate(DecodedTokens, Timings.Decode);

    /// <param name="outcomes">Of the runs in one queue slot, in order.</param>
    /// <param name="arrival">When the request came, in <see cref="Stopwatch"/> timestamps.</param>
    internal static GenerationStatistics Of(string model, Prompt prompt, IReadOnlyList<RunOutcome> outcomes, GenerationTimings timings, long arrival)
    {
        int output = 0, prefilled = 0, decoded = 0;
        foreach (GenerationEnd end in outcomes.Select(static outcome => outcome.End))
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

    internal GenerationSample ToSample() =>
        new(Model, PromptTokens, CachedTokens ?? 0, OutputTokens, Timings.Prefill, Timings.Decode, ToFirstToken, PrefillRate, DecodeRate);

    private static double? Rate(int tokens, TimeSpan time) => tokens > 0 && time > TimeSpan.Zero ? tokens / time.TotalSeconds : null;
}
