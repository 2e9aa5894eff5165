using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Common;

/// <summary>How tokens are chosen. What a request leaves open is the Modelfile's, or the runtime's own.</summary>
internal abstract record SamplingBody
{
    /// <summary>Choose among so many of the likeliest tokens; 0 and 1 always take the likeliest.</summary>
    [Range(0, 100_000)]
    public int? TopK { get; init; }

    /// <summary>Choose among the likeliest tokens that have this probability together.</summary>
    [Range(0.0, 1.0)]
    public double? TopP { get; init; }

    /// <summary>The higher, the less likely tokens are chosen.</summary>
    [Range(0.0, 2.0)]
    public double? Temperature { get; init; }

    /// <summary>Above 1, makes tokens less likely that stand in the text already.</summary>
    [Range(0.0, 10.0)]
    public double? RepeatPenalty { get; init; }

    /// <summary>Makes tokens less likely, the more often they stand in the answer already.</summary>
    [Range(-2.0, 2.0)]
    public double? FrequencyPenalty { get; init; }

    /// <summary>Makes tokens less likely that stand in the answer already.</summary>
    [Range(-2.0, 2.0)]
    public double? PresencePenalty { get; init; }

    /// <summary>0 for none, else the version of Mirostat sampling.</summary>
    [Range(0, 2)]
    public int? Mirostat { get; init; }

    /// <summary>Mirostat's target of surprise.</summary>
    [Range(0.0, 100.0)]
    public double? MirostatTau { get; init; }

    /// <summary>Mirostat's rate of learning.</summary>
    [Range(0.0, 100.0)]
    public double? MirostatEta { get; init; }

    // From here on: no run can honour the value, so it may have any type.

    /// <summary>Accepted; no version of the runtime has it, so it is named in X-RkLlama-Ignored.</summary>
    [AnyOf(typeof(long))]
    public JsonElement? Seed { get; init; }

    /// <summary>Accepted; no version of the runtime has it, so it is named in X-RkLlama-Ignored.</summary>
    [AnyOf(typeof(double))]
    public JsonElement? MinP { get; init; }

    /// <summary>Accepted; no version of the runtime has it, so it is named in X-RkLlama-Ignored.</summary>
    [AnyOf(typeof(double))]
    public JsonElement? TypicalP { get; init; }

    /// <summary>Accepted; no version of the runtime has it, so it is named in X-RkLlama-Ignored.</summary>
    [AnyOf(typeof(Dictionary<string, JsonElement>))]
    public JsonElement? LogitBias { get; init; }

    /// <summary>Accepted; there are none, so it is named in X-RkLlama-Ignored unless it is false.</summary>
    [AnyOf(typeof(bool), typeof(int))]
    public JsonElement? Logprobs { get; init; }

    /// <summary>Accepted; there are none, so it is named in X-RkLlama-Ignored.</summary>
    [AnyOf(typeof(int))]
    public JsonElement? TopLogprobs { get; init; }

    /// <summary>Accepted; it is fixed when the model is loaded, so it is named in X-RkLlama-Ignored.</summary>
    [AnyOf(typeof(int))]
    public JsonElement? RepeatLastN { get; init; }

    /// <summary>Accepted; the runtime keeps what it can by itself, so it is named in X-RkLlama-Ignored.</summary>
    [AnyOf(typeof(int))]
    public JsonElement? NumKeep { get; init; }
}
