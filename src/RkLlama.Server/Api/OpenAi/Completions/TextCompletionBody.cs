using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using RkLlama.Server.Api.Common;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.OpenAi.Completions;

/// <summary>A text to continue. Other fields are ignored; null is as absent.</summary>
internal sealed record TextCompletionBody : RunBody
{
    /// <summary>One text, which goes in as it is. Token ids are refused: they belong to one tokenizer.</summary>
    [AnyOf(typeof(string), typeof(string[]))]
    public required TextOrTexts Prompt { get; init; }

    /// <summary>Whether the answer begins with the prompt.</summary>
    [DefaultValue(false)]
    public bool? Echo { get; init; }

    /// <summary>Refused unless empty: put the model's own fill-in-the-middle tokens into the prompt.</summary>
    [Count(Max = 0)]
    public string? Suffix { get; init; }

    public StreamOptionsBody? StreamOptions { get; init; }

    /// <summary>The most tokens of the answer. 0 and −1 are no bound but the model's.</summary>
    [Range(-1, int.MaxValue)]
    public int? MaxTokens { get; init; }

    /// <summary>Texts at which the answer ends, at most 16 and 16384 characters together; they are not part of it.</summary>
    [AnyOf(typeof(string), typeof(string[]))]
    public TextOrTexts? Stop { get; init; }

    /// <summary>1: the NPU makes one answer at a time.</summary>
    [AnswerCount]
    public int? N { get; init; }

    /// <summary>1: the NPU makes one answer at a time.</summary>
    [AnswerCount]
    public int? BestOf { get; init; }

    /// <summary>"text" alone.</summary>
    public string?[]? Modalities { get; init; }
}
