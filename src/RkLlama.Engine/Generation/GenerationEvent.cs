using RkLlama.Output;

namespace RkLlama.Engine.Generation;

/// <summary>One event of a generation: new output, or the end. 16 bytes and the text: the events of a client that reads slowly wait in memory.</summary>
internal readonly record struct GenerationEvent
{
    // A part, or the summary. Content, which is nearly all of the output, is only its text.
    private readonly object _value;
    private readonly float _tokensPerSecond;

    /// <param name="part">New output; <see langword="null"/> in the last event.</param>
    /// <param name="summary">Set in the last event only.</param>
    internal GenerationEvent(OutputPart? part, int outputTokens, double tokensPerSecond, GenerationSummary? summary)
    {
        _value = part is ContentPart content ? content.Text : (object?)part ?? summary!;
        OutputTokens = outputTokens;
        _tokensPerSecond = (float)tokensPerSecond;
    }

    /// <summary>New output; <see langword="null"/> in the last event.</summary>
    internal OutputPart? Part => _value is string text ? new ContentPart(text) : _value as OutputPart;

    /// <summary>Number of tokens generated so far.</summary>
    internal int OutputTokens { get; }

    /// <summary>These tokens, divided by the time since the first run of the turn started. That time includes the prefill.</summary>
    internal double TokensPerSecond => _tokensPerSecond;

    /// <summary>Set in the last event only.</summary>
    internal GenerationSummary? Summary => _value as GenerationSummary;
}

/// <summary>The result of a generation.</summary>
/// <param name="OutputTokens">Number of generated tokens, without the end-of-text token.</param>
/// <param name="ReasoningTokens">Number of these tokens that belong to the reasoning.</param>
/// <param name="CachedTokens">Prompt tokens that the runtime took from its KV cache; <see langword="null"/> if the runtime does not report it.</param>
/// <param name="TokensPerSecond">Output tokens of the last turn, divided by the time from its first run's start to its last run's end.</param>
internal sealed record GenerationSummary(
    FinishReason FinishReason, int PromptTokens, int OutputTokens, int ReasoningTokens, int? CachedTokens, double TokensPerSecond, GenerationTimings Timings)
{
    /// <summary>
    /// Combines the summaries of a turn and its retry. Adds token counts and times. Takes finish reason and tokens per second from the retry.
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
