using RkLlama.Output;

namespace RkLlama.Engine.Generation;

/// <summary>One event of a generation: new output, or the end.</summary>
/// <param name="Part">New output; <see langword="null"/> in the last event.</param>
/// <param name="OutputTokens">Number of tokens generated so far.</param>
/// <param name="TokensPerSecond">These tokens, divided by the time since the first run of the turn started. That time includes the prefill.</param>
/// <param name="Summary">Set in the last event only.</param>
internal readonly record struct GenerationEvent(OutputPart? Part, int OutputTokens, double TokensPerSecond, GenerationSummary? Summary);

/// <summary>The result of a generation.</summary>
/// <param name="OutputTokens">Number of generated tokens, without the end-of-text token.</param>
/// <param name="ReasoningTokens">Number of these tokens that belong to the reasoning.</param>
/// <param name="CachedTokens">Prompt tokens that the runtime took from its KV cache; <see langword="null"/> if the runtime does not report it.</param>
/// <param name="TokensPerSecond">Output tokens of the last turn, divided by the time from its first run's start to its last run's end.</param>
internal sealed record GenerationSummary(
    FinishReason FinishReason, int PromptTokens, int OutputTokens, int ReasoningTokens, int? CachedTokens, double TokensPerSecond, GenerationTimings Timings)
{
    /// <summary>
    /// Combines a turn and its retry: token counts and times are added, finish reason and tokens per second are those of the retry.
    /// </summary>
    public static GenerationSummary operator +(GenerationSummary first, GenerationSummary second) => second with
    {
        PromptTokens = first.PromptTokens + second.PromptTokens,
        OutputTokens = first.OutputTokens + second.OutputTokens,
        ReasoningTokens = first.ReasoningTokens + second.ReasoningTokens,
        CachedTokens = first.CachedTokens + second.CachedTokens,
        Timings = first.Timings + second.Timings,
    };
}
