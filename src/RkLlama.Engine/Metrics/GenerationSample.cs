namespace RkLlama.Engine.Metrics;

/// <summary>The measurements of one turn of a generation.</summary>
/// <param name="CachedTokens">Prompt tokens that were in the KV cache; 0 if unknown.</param>
/// <param name="Prefill">Time that the runtime spent on prefill.</param>
/// <param name="Decode">Time that the runtime spent on decode, without the first token.</param>
/// <param name="TimeToFirstToken">From the arrival of the request to the first token; null if there was no token.</param>
/// <param name="PrefillRate">Prefilled tokens per second; null if unknown.</param>
/// <param name="DecodeRate">Decoded tokens per second; null if unknown.</param>
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
