using System.Text.Json;
using RkLlama.Native;

namespace RkLlama.Server.Api.Common.Options;

/// <summary>Converts the sampling fields of a request, which all APIs share, and finds the fields that have no effect.</summary>
internal static class SamplingOptions
{
    // Larger values have the same effect, because most vocabularies are about as large.
    private const int MaxTopK = 100_000;

    internal static SamplingParameters From(SamplingBody body) => new(
        TopK: body.TopK switch { null => null, < 0 => SamplingParameters.AllTokens, var k => Math.Clamp(k.Value, 1, MaxTopK) },
        TopP: (float?)body.TopP,
        Temperature: (float?)body.Temperature,
        RepeatPenalty: (float?)(body.RepeatPenalty ?? body.RepetitionPenalty),
        FrequencyPenalty: (float?)body.FrequencyPenalty,
        PresencePenalty: (float?)body.PresencePenalty,
        Mirostat: body.Mirostat,
        MirostatTau: (float?)body.MirostatTau,
        MirostatEta: (float?)body.MirostatEta);

    /// <summary>
    /// Returns the names of the request's fields that no version of the runtime can apply to a single run. A field with the value false or <c>{}</c> is not
    /// included.
    /// </summary>
    internal static IReadOnlyList<string> UnsupportedFields(SamplingBody body)
    {
        (string Name, JsonElement? Value)[] fields =
        [
            ("seed", body.Seed), ("min_p", body.MinP), ("typical_p", body.TypicalP), ("logit_bias", body.LogitBias), ("logprobs", body.Logprobs),
            ("top_logprobs", body.TopLogprobs), ("repeat_last_n", body.RepeatLastN), ("num_keep", body.NumKeep),
        ];
        return [.. fields.Where(static field => AsksForSomething(field.Value)).Select(static field => field.Name)];
    }

    /// <summary>Whether a field that has no effect would have one: it is not absent, null, false, an empty string, an empty array or <c>{}</c>.</summary>
    internal static bool AsksForSomething(JsonElement? value) =>
        value is { } given && given.ValueKind switch
        {
            JsonValueKind.Undefined or JsonValueKind.Null or JsonValueKind.False => false,
            JsonValueKind.String => given.GetRawText().Length > "\"\"".Length,
            JsonValueKind.Array => given.GetArrayLength() > 0,
            JsonValueKind.Object => given.EnumerateObject().Any(),
            _ => true,
        };

    /// <summary>
    /// Returns the names of the fields whose values in the request differ from those of the loaded model. For runtimes that set the sampling parameters only
    /// when they load a model.
    /// </summary>
    /// <param name="asked">The sampling parameters that the request sets.</param>
    /// <param name="loaded">The sampling parameters of the Modelfile.</param>
    internal static IEnumerable<string> FieldsFixedAtLoad(SamplingParameters asked, SamplingParameters loaded)
    {
        // The constants are the runtime's defaults, which apply if the Modelfile does not set a value.
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
        if (Differs(asked.MirostatTau, loaded.MirostatTau ?? 5))
            yield return "mirostat_tau";
        if (Differs(asked.MirostatEta, loaded.MirostatEta ?? 0.1f))
            yield return "mirostat_eta";
    }

    private static bool Differs(float? asked, float loaded) => asked is { } value && Math.Abs(value - loaded) > 1e-6f;
}
