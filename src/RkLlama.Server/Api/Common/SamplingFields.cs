using System.Text.Json;
using RkLlama.Native;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Common;

/// <summary>The sampling fields that all APIs write alike, and which of them a request asks for that the runtime cannot honour.</summary>
internal static class SamplingFields
{
    // Accepted everywhere, honoured by no version of the runtime.
    private static readonly string[] Unsupported = ["seed", "min_p", "typical_p", "logit_bias", "logprobs", "top_logprobs", "repeat_last_n", "num_keep"];

    internal static SamplingParameters ReadSampling(this JsonElement owner) => new(
        TopK: owner.Integer("top_k", 0, 100_000) is { } k ? Math.Max(k, 1) : null,
        TopP: (float?)owner.Number("top_p", 0, 1),
        Temperature: (float?)owner.Number("temperature", 0, 2),
        RepeatPenalty: (float?)owner.Number("repeat_penalty", 0, 10),
        FrequencyPenalty: (float?)owner.Number("frequency_penalty", -2, 2),
        PresencePenalty: (float?)owner.Number("presence_penalty", -2, 2),
        Mirostat: owner.Integer("mirostat", 0, 2),
        MirostatTau: (float?)owner.Number("mirostat_tau", 0, 100),
        MirostatEta: (float?)owner.Number("mirostat_eta", 0, 100));

    /// <summary>The fields of the request that no run can honour.</summary>
    internal static IEnumerable<string> UnsupportedFields(this JsonElement owner) => Unsupported.Where(name => owner.TryGet(name, out JsonElement value)
        && value.ValueKind is not JsonValueKind.False
        && !(value.ValueKind == JsonValueKind.Object && !value.EnumerateObject().Any()));

    /// <summary>The fields in which a request asks for something else than what a run has that cannot differ from the load.</summary>
    internal static IEnumerable<string> FixedFields(SamplingParameters asked, SamplingParameters loaded)
    {
        // Names of the wire; what the Modelfile leaves open is the runtime's default.
        if (Differs(asked.TopK, loaded.TopK ?? 40))
            yield return "top_k";
        if (Differs(asked.TopP, loaded.TopP ?? 0.9f))
            yield return "top_p";
        if (Differs(asked.Temperature, loaded.Temperature ?? 0.8f))
            yield return "temperature";
        if (Differs(asked.RepeatPenalty, loaded.RepeatPenalty ?? 1.1f))
            yield return "repeat_penalty";
        if (Differs(asked.FrequencyPenalty, loaded.FrequencyPenalty ?? 0))
            yield return "frequency_penalty";
        if (Differs(asked.PresencePenalty, loaded.PresencePenalty ?? 0))
            yield return "presence_penalty";
        if (Differs(asked.Mirostat, loaded.Mirostat ?? 0))
            yield return "mirostat";
    }

    private static bool Differs(float? asked, float loaded) => asked is { } value && Math.Abs(value - loaded) > 1e-6f;
}
