namespace RkLlama.Native;

/// <summary>How the next token is chosen. <see langword="null"/> leaves the library's default (given in brackets).</summary>
/// <param name="TopK">Candidates kept, ≥ 1 [40]; 1 is greedy.</param>
/// <param name="TopP">Probability mass kept, 0 to 1 [0.9].</param>
/// <param name="Temperature">≥ 0 [0.8]; 0 is greedy.</param>
/// <param name="RepeatPenalty">&gt; 0 [1.1]; 1 is none.</param>
/// <param name="FrequencyPenalty">−2 to 2 [0].</param>
/// <param name="PresencePenalty">−2 to 2 [0].</param>
/// <param name="Mirostat">0 off, 1 or 2 [0].</param>
/// <param name="MirostatTau">Target entropy, ≥ 0 [5.0].</param>
/// <param name="MirostatEta">Learning rate, ≥ 0 [0.1].</param>
public sealed record SamplingParameters(
    int? TopK = null,
    float? TopP = null,
    float? Temperature = null,
    float? RepeatPenalty = null,
    float? FrequencyPenalty = null,
    float? PresencePenalty = null,
    int? Mirostat = null,
    float? MirostatTau = null,
    float? MirostatEta = null)
{
    public static SamplingParameters Default { get; } = new();

    /// <summary>These values, and <paramref name="fallback"/>'s where this one has none.</summary>
    public SamplingParameters WithFallback(SamplingParameters fallback) => new(
        TopK ?? fallback.TopK,
        TopP ?? fallback.TopP,
        Temperature ?? fallback.Temperature,
        RepeatPenalty ?? fallback.RepeatPenalty,
        FrequencyPenalty ?? fallback.FrequencyPenalty,
        PresencePenalty ?? fallback.PresencePenalty,
        Mirostat ?? fallback.Mirostat,
        MirostatTau ?? fallback.MirostatTau,
        MirostatEta ?? fallback.MirostatEta);
}
