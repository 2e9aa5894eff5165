using RkLlama.Output;

namespace RkLlama.Engine.Generation;

/// <summary>One event of a generation: new output, or the end. The struct has only 16 bytes, because the events of a slow client wait in memory.</summary>
internal readonly record struct GenerationEvent
{
    // The new output, or the summary. Nearly all output is content; for a ContentPart, only the text is stored.
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

    /// <summary>Whether <see cref="Part"/> is a tool call.</summary>
    internal bool IsToolCall => _value is ToolCallPart;

    /// <summary>Number of tokens that the current turn has generated so far. After the end of the last turn: the tokens of all turns.</summary>
    internal int OutputTokens { get; }

    /// <summary>Output tokens of the current turn per second since the start of its first run. The prefill is part of this time.</summary>
    internal double TokensPerSecond => _tokensPerSecond;

    /// <summary>The result of the generation. Set in the last event only.</summary>
    internal GenerationSummary? Summary => _value as GenerationSummary;
}

/// <summary>The result of a generation, or of one turn of it.</summary>
/// <param name="OutputTokens">Number of generated tokens, without the end-of-text token.</param>
/// <param name="ReasoningTokens">Number of generated tokens that belong to the reasoning, tags included.</param>
/// <param name="CachedTokens">Prompt tokens that the runtime took from its KV cache; <see langword="null"/> if the runtime does not report it.</param>
/// <param name="TokensPerSecond">Output tokens of the last turn per second, from the start of its first run to the end of its last run.</param>
internal sealed record GenerationSummary(
    FinishReason FinishReason, int PromptTokens, int OutputTokens, int ReasoningTokens, int? CachedTokens, double TokensPerSecond, GenerationTimings Timings)
{
    /// <summary>The stop sequence of the request or of the Modelfile that ended the output; <see langword="null"/> if none did.</summary>
    internal string? StopSequence { get; init; }

    /// <summary>
    /// Combines the summaries of the two turns of a generation. Adds the token counts and the times. Takes the finish reason and the tokens per second from the
    /// second turn.
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
