using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Common;

/// <summary>Sampling parameters. An absent parameter has the value of the Modelfile, or else the runtime's default.</summary>
internal abstract record SamplingBody
{
    /// <summary>Sample only from the k most likely tokens. 0 and 1: greedy, always the most likely token.</summary>
    [Range(0, 100_000)]
    public int? TopK { get; init; }

    /// <summary>Nucleus sampling: sample only from the most likely tokens whose probabilities add up to this value.</summary>
    [Range(0.0, 1.0)]
    public double? TopP { get; init; }

    /// <summary>Sampling temperature: 0 is greedy, higher values make the output more random.</summary>
    [Range(0.0, 2.0)]
    public double? Temperature { get; init; }

    /// <summary>Repetition penalty: values above 1 make tokens less likely that already occurred. 1: no penalty.</summary>
    [Range(0.0, 10.0)]
    public double? RepeatPenalty { get; init; }

    /// <summary>Penalty for each earlier occurrence of a token. Negative values make repetition more likely.</summary>
    [Range(-2.0, 2.0)]
    public double? FrequencyPenalty { get; init; }

    /// <summary>Penalty for tokens that already occurred at least once. Negative values make repetition more likely.</summary>
    [Range(-2.0, 2.0)]
    public double? PresencePenalty { get; init; }

    /// <summary>Mirostat sampling: 0 is off, 1 and 2 are its versions.</summary>
    [Range(0, 2)]
    public int? Mirostat { get; init; }

    /// <summary>Mirostat's target entropy (tau).</summary>
    [Range(0.0, 100.0)]
    public double? MirostatTau { get; init; }

    /// <summary>Mirostat's learning rate (eta).</summary>
    [Range(0.0, 100.0)]
    public double? MirostatEta { get; init; }

    // The following fields have no effect, so their values may have any type.

    /// <summary>Not supported by the runtime. Accepted, and reported in X-RkLlama-Ignored.</summary>
    [AnyOf(typeof(long))]
    public JsonElement? Seed { get; init; }

    /// <summary>Not supported by the runtime. Accepted, and reported in X-RkLlama-Ignored.</summary>
    [AnyOf(typeof(double))]
    public JsonElement? MinP { get; init; }

    /// <summary>Not supported by the runtime. Accepted, and reported in X-RkLlama-Ignored.</summary>
    [AnyOf(typeof(double))]
    public JsonElement? TypicalP { get; init; }

    /// <summary>Not supported by the runtime. Accepted, and reported in X-RkLlama-Ignored.</summary>
    [AnyOf(typeof(Dictionary<string, JsonElement>))]
    public JsonElement? LogitBias { get; init; }

    /// <summary>Not supported by the runtime. Accepted, and reported in X-RkLlama-Ignored unless it is false.</summary>
    [AnyOf(typeof(bool), typeof(int))]
    public JsonElement? Logprobs { get; init; }

    /// <summary>Not supported by the runtime. Accepted, and reported in X-RkLlama-Ignored.</summary>
    [AnyOf(typeof(int))]
    public JsonElement? TopLogprobs { get; init; }

    /// <summary>Fixed when the model is loaded. Accepted, and reported in X-RkLlama-Ignored.</summary>
    [AnyOf(typeof(int))]
    public JsonElement? RepeatLastN { get; init; }

    /// <summary>Not supported: the runtime manages its KV cache itself. Accepted, and reported in X-RkLlama-Ignored.</summary>
    [AnyOf(typeof(int))]
    public JsonElement? NumKeep { get; init; }
}
