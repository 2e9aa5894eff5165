using System.Text.Json.Serialization;
using RkLlama.Server.Api.Common.Writers;

namespace RkLlama.Server.Api.LlamaServer.Infill;

/// <summary>Response of <c>POST /infill</c>, or one event of its stream.</summary>
/// <param name="Content">The text of the gap; in a stream, only the new text. Empty in the last event.</param>
/// <param name="Stop">Whether this is the end of the output. Events of a stream before the last one have only the first fields.</param>
/// <param name="TokensPredicted">Number of output tokens so far.</param>
/// <param name="TokensEvaluated">Number of tokens of the prompt.</param>
internal sealed record InfillReply(int Index, string Content, bool Stop, int TokensPredicted, int TokensEvaluated)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Model { get; init; }

    /// <summary>eos (the model has ended the output), limit (n_predict or the model's own limit) or word (a stop sequence).</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? StopType { get; init; }

    /// <summary>The stop sequence; empty if none has ended the output.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? StoppingWord { get; init; }

    /// <summary>Number of prompt tokens that the runtime has reused from its KV cache; 0 if unknown.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? TokensCached { get; init; }

    /// <summary>Always false: a prompt that is too long is an error.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Truncated { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Timings? Timings { get; init; }
}
