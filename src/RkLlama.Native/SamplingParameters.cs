namespace RkLlama.Native;

/// <summary>
/// How the next token is chosen. In a model load, a null value means the library's default, which is given in brackets. In a run, a null value means
/// the value of the model load.
/// </summary>
/// <param name="TopK">The number of most probable tokens to choose from, at least 1 [40]. 1 always selects the most probable token.</param>
/// <param name="TopP">The total probability of the most probable tokens to choose from, 0 to 1 [0.9].</param>
/// <param name="Temperature">The randomness of the choice, at least 0 [0.8]. 0 always selects the most probable token.</param>
/// <param name="RepeatPenalty">The penalty for tokens that have already occurred, greater than 0 [1.1]. 1 means no penalty.</param>
/// <param name="FrequencyPenalty">The penalty for each earlier occurrence of a token, −2 to 2 [0].</param>
/// <param name="PresencePenalty">The penalty for a token that has occurred at least once, −2 to 2 [0].</param>
/// <param name="Mirostat">The version of the Mirostat algorithm: 1, 2, or 0 for off [0].</param>
/// <param name="MirostatTau">The target entropy of Mirostat, at least 0 [5.0].</param>
/// <param name="MirostatEta">The learning rate of Mirostat, at least 0 [0.1].</param>
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
    /// <summary>A <see cref="TopK"/> that has no effect in practice: tokens beyond it have almost no probability.</summary>
    public const int AllTokens = 100_000;

    public static SamplingParameters Default { get; } = new();

    /// <summary>Returns these values; each null is replaced by the value of <paramref name="fallback"/>.</summary>
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
