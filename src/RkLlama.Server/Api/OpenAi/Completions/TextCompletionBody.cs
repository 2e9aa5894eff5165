using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using RkLlama.Server.Api.Common.Embeddings;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.OpenAi.Completions;

/// <summary>A request for a text completion. Unknown fields are ignored. A null field counts as absent.</summary>
internal sealed record TextCompletionBody : GenerationBody
{
    /// <summary>
    /// The prompt: a string, or token ids of the model's own vocabulary. It is not empty, and goes to the model without a chat template. An array of strings or of
    /// arrays of token ids has several prompts, at most 128: each gets one choice, and they run one after the other.
    /// </summary>
    [AnyOf(typeof(string), typeof(string[]), typeof(int[]), typeof(int[][]))]
    public required TextsOrTokens Prompt { get; init; }

    /// <summary>Whether the output text starts with the prompt. It has no effect if the prompt is token ids.</summary>
    [DefaultValue(false)]
    public bool? Echo { get; init; }

    /// <summary>
    /// The text after a gap. The prompt is the text before the gap and may be empty then; the output is the text of the gap. The vocabulary of the model must
    /// have tokens for fill-in-the-middle. Empty or absent: the output continues the prompt.
    /// </summary>
    public string? Suffix { get; init; }

    public StreamOptionsBody? StreamOptions { get; init; }

    /// <summary>
    /// Maximum number of output tokens, reasoning included. MAX_NEW_TOKENS of the Modelfile is the default and the upper limit. It also applies if the value is
    /// 0 or −1.
    /// </summary>
    [Range(-1, int.MaxValue)]
    public int? MaxTokens { get; init; }

    /// <summary>
    /// Stop sequences: the output ends before the first one that occurs. At most 64 sequences, and at most 16384 characters in all of them together.
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

    /// <summary>Types of output. The output is always text; the response header X-RkLlama-Ignored names the field if it asks for another type.</summary>
    public string?[]? Modalities { get; init; }
}
