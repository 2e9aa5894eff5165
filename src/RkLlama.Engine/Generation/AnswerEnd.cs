using RkLlama.Output;

namespace RkLlama.Engine.Generation;

/// <summary>How an answer ended, in the words of the wire.</summary>
/// <param name="FinishReason">stop, length or tool_calls.</param>
/// <param name="CachedTokens">Null where the runtime does not say.</param>
internal sealed record AnswerEnd(string FinishReason, int PromptTokens, int OutputTokens, int ReasoningTokens, int? CachedTokens, AnswerTimings Timings)
{
    /// <summary>The end of an answer that was asked for a second time: the reason of the second, the figures of both.</summary>
    public static AnswerEnd operator +(AnswerEnd first, AnswerEnd second) => new(
        second.FinishReason,
        first.PromptTokens + second.PromptTokens,
        first.OutputTokens + second.OutputTokens,
        first.ReasoningTokens + second.ReasoningTokens,
        first.CachedTokens + second.CachedTokens,
        first.Timings + second.Timings);
}

/// <summary>Something new, or, once and last, the end.</summary>
internal readonly record struct SortedPart(OutputPart? Part, AnswerEnd? End);
