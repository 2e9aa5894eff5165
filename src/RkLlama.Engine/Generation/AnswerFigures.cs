using System.Diagnostics;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>What one answer took, by the runtime's own figures where it has them: for the log and the metrics.</summary>
/// <param name="CachedTokens">Tokens of the prompt that were in the KV cache; null where the runtime does not say.</param>
/// <param name="ToFirstToken">From the request's arrival; null when no token came.</param>
/// <param name="PrefilledTokens">Tokens that <see cref="AnswerTimings.Prefill"/> was for.</param>
/// <param name="DecodedTokens">Tokens that <see cref="AnswerTimings.Decode"/> was for: those after the first of each run.</param>
internal sealed record AnswerFigures(
    string Model, int PromptTokens, int? CachedTokens, int OutputTokens, TimeSpan? ToFirstToken, int PrefilledTokens, int DecodedTokens, AnswerTimings Timings)
{
    /// <summary>Tokens a second; null where there is no such figure.</summary>
    internal double? PrefillRate => Rate(PrefilledTokens, Timings.Prefill);

    /// <summary>Tokens a second; null where there is no such figure.</summary>
    internal double? DecodeRate => Rate(DecodedTokens, Timings.Decode);

    /// <param name="outcomes">Of the runs of one turn, in order.</param>
    internal static AnswerFigures Of(string model, Prompt prompt, IReadOnlyList<RunOutcome> outcomes, StartedRun started, long arrival)
    {
        int output = 0, prefilled = 0, decoded = 0;
        foreach (GenerationEnd end in outcomes.Select(static outcome => outcome.End))
        {
            output += end.TokenCount;
            prefilled += end.Statistics?.PrefillTokens ?? prompt.TokenCount;
            decoded += end.Statistics is { DecodeTokens: > 0 } own ? own.DecodeTokens : Math.Max(0, end.TokenCount - 1);
        }

        return new(
            model,
            prompt.TokenCount,
            Answer.CachedTokensOf(prompt, outcomes[0].End),
            output,
            outcomes[0].FirstToken is { } first ? Stopwatch.GetElapsedTime(arrival, first) : null,
            prefilled,
            decoded,
            AnswerTimings.Of(outcomes, started, arrival));
    }

    internal GenerationSample ToSample() => new(Model, PromptTokens, CachedTokens ?? 0, OutputTokens, Timings.Prefill, Timings.Decode, ToFirstToken, PrefillRate, DecodeRate);

    private static double? Rate(int tokens, TimeSpan time) => tokens > 0 && time > TimeSpan.Zero ? tokens / time.TotalSeconds : null;
}
