using RkLlama.Engine.Generation;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>
/// Where the time of an answer went, under the names that llama.cpp's server uses, and two of our own. Times are milliseconds, by the runtime's own
/// figures where it has them.
/// </summary>
/// <param name="QueueMs">Waiting for the turn.</param>
/// <param name="LoadMs">Loading the model; next to nothing when it was there.</param>
/// <param name="CacheN">Tokens of the prompt that the runtime had in its KV cache.</param>
/// <param name="PromptN">Tokens of the prompt that it had to process.</param>
/// <param name="PromptMs">The time that took.</param>
/// <param name="PredictedN">Tokens of the answer.</param>
/// <param name="PredictedMs">The time that those after the first took.</param>
/// <param name="PredictedPerSecond">Tokens after the first by that time; 0 when there are none.</param>
internal sealed record Timings(
    double QueueMs,
    double LoadMs,
    int CacheN,
    int PromptN,
    double PromptMs,
    double PromptPerTokenMs,
    double PromptPerSecond,
    int PredictedN,
    double PredictedMs,
    double PredictedPerTokenMs,
    double PredictedPerSecond)
{
    internal static Timings Of(GenerationSummary end)
    {
        int cached = end.CachedTokens ?? 0, prompt = end.PromptTokens - cached, decoded = Math.Max(0, end.OutputTokens - 1);
        double prefillMs = end.Timings.Prefill.TotalMilliseconds, decodeMs = end.Timings.Decode.TotalMilliseconds;
        return new(
            Round(end.Timings.Queue.TotalMilliseconds),
            Round(end.Timings.Load.TotalMilliseconds),
            cached,
            prompt,
            Round(prefillMs),
            Round(Ratio(prefillMs, prompt)),
            Round(1000 * Ratio(prompt, prefillMs)),
            end.OutputTokens,
            Round(decodeMs),
            Round(Ratio(decodeMs, decoded)),
            Round(1000 * Ratio(decoded, decodeMs)));
    }

    private static double Ratio(double some, double all) => all > 0 ? some / all : 0;

    private static double Round(double value) => Math.Round(value, 3);
}
