using RkLlama.Native;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>What every API asks for, whatever its wire format.</summary>
/// <param name="Conversation">What to continue; not used where there is a <see cref="RawPrompt"/>.</param>
/// <param name="Sampling">What the request asks to differ from the model's own values.</param>
/// <param name="MaxNewTokens">Bound of the answer in tokens, or <see langword="null"/> for the model's.</param>
internal sealed record GenerationRequest(
    Conversation Conversation,
    SamplingParameters Sampling,
    int? MaxNewTokens)
{
    /// <summary>The model to switch to; <see langword="null"/> for the one that is loaded.</summary>
    internal string? Model { get; init; }

    /// <summary>A prompt that needs no template.</summary>
    internal string? RawPrompt { get; init; }

    /// <summary>The field of the request that has the prompt, for errors about it.</summary>
    internal string PromptField { get; init; } = "messages";

    /// <summary>How long the model stays loaded afterwards; <see langword="null"/> for the server's default.</summary>
    internal TimeSpan? KeepAlive { get; init; }

    /// <summary>Where it is noted how the request fares; <see langword="null"/> for nowhere.</summary>
    internal RequestLedger? Ledger { get; init; }
}
