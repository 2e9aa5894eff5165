using RkLlama.Output;

namespace RkLlama.Engine.Generation;

/// <summary>One event of an answer: new output, or the end.</summary>
/// <param name="Part">New output; <see langword="null"/> in the last event.</param>
/// <param name="OutputTokens">Tokens of the answer so far.</param>
/// <param name="TokensPerSecond">Those tokens by the time since the run started, prefill included.</param>
/// <param name="Summary">Only in the last event.</param>
internal readonly record struct GenerationEvent(OutputPart? Part, int OutputTokens, double TokensPerSecond, GenerationSummary? Summary);

/// <summary>The result of an answer.</summary>
/// <param name="OutputTokens">Tokens of the answer, without the end-of-text token.</param>
/// <param name="ReasoningTokens">Those of them that belong to the reasoning.</param>
/// <param name="CachedTokens">Tokens of the prompt that the runtime took from its KV cache; <see langword="null"/> if it does not say.</param>
internal sealed record GenerationSummary(
    FinishReason FinishReason, int PromptTokens, int OutputTokens, int ReasoningTokens, int? CachedTokens, double TokensPerSecond, GenerationTimings Timings)
{
    /// <summary>The sum of an answer and the one that was asked for in its place: the reason of the second, the figures of both.</summary>
    public static GenerationSummary operator +(GenerationSummary first, GenerationSummary second) => second with
    {
        PromptTokens = first.PromptTokens + second.PromptTokens,
        OutputTokens = first.OutputTokens + second.OutputTokens,
        ReasoningTokens = first.ReasoningTokens + second.ReasoningTokens,
        CachedTokens = first.CachedTokens + second.CachedTokens,
        Timings = first.Timings + second.Timings,
    };
}
