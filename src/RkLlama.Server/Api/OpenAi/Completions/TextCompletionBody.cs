using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.OpenAi.Completions;

/// <summary>A request for a text completion. Unknown fields are ignored. A null field counts as absent.</summary>
internal sealed record TextCompletionBody : GenerationBody
{
    /// <summary>The prompt: one string. No chat template is applied. Token ids are refused, because they depend on the tokenizer.</summary>
    [AnyOf(typeof(string), typeof(string[]))]
    public required StringOrArray Prompt { get; init; }

    /// <summary>Whether the returned text begins with the prompt.</summary>
    [DefaultValue(false)]
    public bool? Echo { get; init; }

    /// <summary>Not supported: must be empty. For fill-in-the-middle, put the model's own control tokens into the prompt.</summary>
    [LengthRange(Max = 0)]
    public string? Suffix { get; init; }

    public StreamOptionsBody? StreamOptions { get; init; }

    /// <summary>Maximum number of output tokens, reasoning included. The Modelfile's MAX_NEW_TOKENS is the upper limit; 0, −1 and absent select it.</summary>
    [Range(-1, int.MaxValue)]
    public int? MaxTokens { get; init; }

    /// <summary>Stop sequences: the output ends before the first one that occurs. At most 16 sequences with 16384 characters in total.</summary>
    [AnyOf(typeof(string), typeof(string[]))]
    public StringOrArray? Stop { get; init; }

    /// <summary>Number of completions. Only 1 is supported, because the NPU runs one generation at a time.</summary>
    [CompletionCount]
    public int? N { get; init; }

    /// <summary>Number of candidates. Only 1 is supported, because the NPU runs one generation at a time.</summary>
    [CompletionCount]
    public int? BestOf { get; init; }

    /// <summary>Output modalities. Only "text" is supported.</summary>
    public string?[]? Modalities { get; init; }
}
