using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Common.Options;

/// <summary>
/// Sampling parameters. If a parameter is absent, the value of the Modelfile applies; if the Modelfile does not set it, the runtime's default.
/// </summary>
internal abstract record SamplingBody
{
    /// <summary>
    /// Sample only from the k most likely tokens. With 0 or 1, the most likely token is always chosen (greedy). −1 turns the limit off. A value above 100000
    /// counts as 100000.
    /// </summary>
    [Range(-1, int.MaxValue)]
    public int? TopK { get; init; }

    /// <summary>Nucleus sampling: sample only from the most likely tokens whose probabilities add up to this value.</summary>
    [Range(0.0, 1.0)]
    public double? TopP { get; init; }

    /// <summary>Sampling temperature. 0 is greedy; higher values make the output more random.</summary>
    [Range(0.0, 2.0)]
    public double? Temperature { get; init; }

    /// <summary>Repetition penalty. Values above 1 make tokens that already occurred less likely; 1 is no penalty.</summary>
    [Range(0.0, 10.0)]
    public double? RepeatPenalty { get; init; }

    /// <summary>Alias of repeat_penalty. Ignored if repeat_penalty is set.</summary>
    [Range(0.0, 10.0)]
    public double? RepetitionPenalty { get; init; }

    /// <summary>Penalty for each earlier occurrence of a token. Negative values make repetition more likely.</summary>
    [Range(-2.0, 2.0)]
    public double? FrequencyPenalty { get; init; }

    /// <summary>Penalty for a token that already occurred at least once. Negative values make repetition more likely.</summary>
    [Range(-2.0, 2.0)]
    public double? PresencePenalty { get; init; }

    /// <summary>Mirostat sampling: 0 is off; 1 and 2 select the version of the algorithm.</summary>
    [Range(0, 2)]
    public int? Mirostat { get; init; }

    /// <summary>Target entropy of Mirostat (tau).</summary>
    [Range(0.0, 100.0)]
    public double? MirostatTau { get; init; }

    /// <summary>Learning rate of Mirostat (eta).</summary>
    [Range(0.0, 100.0)]
    public double? MirostatEta { get; init; }

    // The following fields have no effect, so values of any type are accepted.

    /// <summary>Has no effect, because the runtime does not support it. The response header X-RkLlama-Ignored names it.</summary>
    [AnyOf(typeof(long))]
    public JsonElement? Seed { get; init; }

    /// <summary>Has no effect, because the runtime does not support it. The response header X-RkLlama-Ignored names it.</summary>
    [AnyOf(typeof(double))]
    public JsonElement? MinP { get; init; }

    /// <summary>Has no effect, because the runtime does not support it. The response header X-RkLlama-Ignored names it.</summary>
    [AnyOf(typeof(double))]
    public JsonElement? TypicalP { get; init; }

    /// <summary>Has no effect, because the runtime does not support it. The response header X-RkLlama-Ignored names it, unless it is empty.</summary>
    [AnyOf(typeof(Dictionary<string, JsonElement>))]
    public JsonElement? LogitBias { get; init; }

    /// <summary>Has no effect, because the runtime does not support it. The response header X-RkLlama-Ignored names it, unless the value is false.</summary>
    [AnyOf(typeof(bool), typeof(int))]
    public JsonElement? Logprobs { get; init; }

    /// <summary>Has no effect, because the runtime does not support it. The response header X-RkLlama-Ignored names it.</summary>
    [AnyOf(typeof(int))]
    public JsonElement? TopLogprobs { get; init; }

    /// <summary>Has no effect, because the runtime fixes it when it loads the model. The response header X-RkLlama-Ignored names it.</summary>
    [AnyOf(typeof(int))]
    public JsonElement? RepeatLastN { get; init; }

    /// <summary>Has no effect, because the runtime manages its KV cache itself. The response header X-RkLlama-Ignored names it.</summary>
    [AnyOf(typeof(int))]
    public JsonElement? NumKeep { get; init; }
}
