using RkLlama.Engine.Generation;

namespace RkLlama.Server.Api.Common.Writers;

/// <summary>
/// Times of the phases of a request. llama-server has the same field names, except queue_ms and load_ms. Times are in milliseconds. The runtime measures the
/// prefill and decode times; if it does not report them, the server measures them.
/// </summary>
/// <param name="QueueMs">Time in the queue.</param>
/// <param name="LoadMs">Time to load the model. Close to 0 if the model was already loaded.</param>
/// <param name="CacheN">Number of prompt tokens that the runtime has reused from its KV cache; 0 if unknown.</param>
/// <param name="PromptN">Number of prompt tokens that were not in the KV cache, so that the runtime has processed them (prefill).</param>
/// <param name="PromptMs">Prefill time.</param>
/// <param name="PromptPerTokenMs">Prefill time per token; 0 if no token was processed.</param>
/// <param name="PromptPerSecond">Prefill tokens per second; 0 if no token was processed.</param>
/// <param name="PredictedN">Number of output tokens, reasoning included.</param>
/// <param name="PredictedMs">Decode time of all output tokens except the first one.</param>
/// <param name="PredictedPerTokenMs">Decode time per token; 0 if there is at most one output token.</param>
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
