using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.OpenAi.Completions;

/// <summary>A request for a text completion. Unknown fields are ignored. A null field counts as absent.</summary>
internal sealed record TextCompletionBody : GenerationBody
{
    /// <summary>
    /// The prompt: one string, which is not empty. It goes to the model without a chat template. Token ids are an error, because they depend on the tokenizer.
    /// </summary>
    [AnyOf(typeof(string), typeof(string[]))]
    public required StringOrArray Prompt { get; init; }

    /// <summary>Whether the output text starts with the prompt.</summary>
    [DefaultValue(false)]
    public bool? Echo { get; init; }

    /// <summary>Not supported: must be empty or absent. For fill-in-the-middle, put the model's own control tokens into the prompt.</summary>
    [LengthRange(Max = 0)]
    public string? Suffix { get; init; }

    public StreamOptionsBody? StreamOptions { get; init; }

    /// <summary>
    /// Maximum number of output tokens, reasoning included. MAX_NEW_TOKENS of the Modelfile is the default and the upper limit. It also applies if the value is
    /// 0 or −1.
    /// </summary>
    [Range(-1, int.MaxValue)]
    public int? MaxTokens { get; init; }

    /// <summary>
    /// Stop sequences: the output ends before the first one that occurs. At most 16 sequences, and at most 16384 characters in all of them together.
    /// </summary>
    [AnyOf(typeof(string), typeof(string[]))]
    public StringOrArray? Stop { get; init; }

    /// <summary>Number of completions. It must be 1, 0 or absent, because the NPU runs one generation at a time.</summary>
    [CompletionCount]
    public int? N { get; init; }

    /// <summary>
    /// Number of candidates from which the server would choose the best one. It must be 1, 0 or absent, because the NPU runs one generation at a time.
    /// </summary>
    [CompletionCount]
    public int? BestOf { get; init; }

    /// <summary>Types of output. Each item must be "text".</summary>
    public string?[]? Modalities { get; init; }
}
