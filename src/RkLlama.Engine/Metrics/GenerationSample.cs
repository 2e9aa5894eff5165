namespace RkLlama.Engine.Metrics;

/// <summary>The measurements of one generation.</summary>
/// <param name="CachedTokens">Prompt tokens that were in the KV cache; 0 if unknown.</param>
/// <param name="TimeToFirstToken">From the arrival of the request; null if there was no token.</param>
/// <param name="PrefillRate">Tokens per second; null if unknown.</param>
/// <param name="DecodeRate">Tokens per second; null if unknown.</param>
internal readonly record struct GenerationSample(
    string Model,
    int PromptTokens,
    int CachedTokens,
    int OutputTokens,
    TimeSpan Prefill,
    TimeSpan Decode,
    TimeSpan? TimeToFirstToken,
    double? PrefillRate,
    double? DecodeRate);
