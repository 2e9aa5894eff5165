namespace RkLlama.Native;

/// <summary>How the next token is chosen. <see langword="null"/> selects the library's default, which is given in brackets.</summary>
/// <param name="TopK">The number of candidates, at least 1 [40]. 1 is greedy.</param>
/// <param name="TopP">The probability mass of the candidates, 0 to 1 [0.9].</param>
/// <param name="Temperature">At least 0 [0.8]. 0 is greedy.</param>
/// <param name="RepeatPenalty">Greater than 0 [1.1]. 1 is no penalty.</param>
/// <param name="FrequencyPenalty">−2 to 2 [0].</param>
/// <param name="PresencePenalty">−2 to 2 [0].</param>
/// <param name="Mirostat">0 (off), 1 or 2 [0].</param>
/// <param name="MirostatTau">The target entropy, at least 0 [5.0].</param>
/// <param name="MirostatEta">The learning rate, at least 0 [0.1].</param>
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

    /// <summary>Returns these values, with those of <paramref name="fallback"/> in place of null.</summary>
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
