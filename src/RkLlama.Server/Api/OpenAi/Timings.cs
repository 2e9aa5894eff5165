using RkLlama.Engine.Generation;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>
/// Time spent on each phase of a request. The field names are those of llama.cpp's server; queue_ms and load_ms are added. Times are in milliseconds.
/// Prefill and decode times are measured by the runtime, if it reports them.
/// </summary>
/// <param name="QueueMs">Time in the queue.</param>
/// <param name="LoadMs">Time to load the model; close to 0 if it was loaded.</param>
/// <param name="CacheN">Prompt tokens that the runtime reused from its KV cache.</param>
/// <param name="PromptN">Prompt tokens that the runtime processed (prefill).</param>
/// <param name="PromptMs">Prefill time.</param>
/// <param name="PromptPerTokenMs">Prefill time per token.</param>
/// <param name="PromptPerSecond">Prefill tokens per second.</param>
/// <param name="PredictedN">Output tokens, reasoning included.</param>
/// <param name="PredictedMs">Decode time of all output tokens except the first one.</param>
/// <param name="PredictedPerTokenMs">Decode time per token.</param>
/// <param name="PredictedPerSecond">Decode tokens per second; 0 if there is at most one output token.</param>
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
