using System.ComponentModel.DataAnnotations;

namespace RkLlama.Server.Api.Common;

/// <summary>
/// What the requests of the OpenAI API say about thinking, in the dialects of several clients. Fields of the
/// two records below are the same under other names.
/// </summary>
internal abstract record ThinkingBody : RunBody
{
    /// <summary>How much to think: none and minimal not at all, low up to 512 tokens, medium up to 2048, more without a bound.</summary>
    [AllowedValues("none", "minimal", "low", "medium", "high", "xhigh")]
    public string? ReasoningEffort { get; init; }

    public ReasoningBody? Reasoning { get; init; }

    public TemplateVariablesBody? ChatTemplateKwargs { get; init; }

    /// <summary>Whether the model shall think first; by default its chat template decides.</summary>
    public bool? EnableThinking { get; init; }

    /// <summary>Another name of enable_thinking.</summary>
    public bool? Think { get; init; }

    /// <summary>The most tokens of thoughts; 0 is no thinking, −1 no bound.</summary>
    [Range(-1, int.MaxValue)]
    public int? ThinkingBudget { get; init; }
}

/// <summary>How much to think, in the form of several clients.</summary>
internal sealed record ReasoningBody
{
    [AllowedValues("none", "minimal", "low", "medium", "high", "xhigh")]
    public string? Effort { get; init; }

    /// <summary>The most tokens of thoughts; 0 is no thinking, −1 no bound.</summary>
    [Range(-1, int.MaxValue)]
    public int? MaxTokens { get; init; }
}

/// <summary>Variables of the chat template that requests may set.</summary>
internal sealed record TemplateVariablesBody
{
    /// <summary>Whether the model shall think first.</summary>
    public bool? EnableThinking { get; init; }

    /// <summary>The most tokens of thoughts; 0 is no thinking, −1 no bound.</summary>
    [Range(-1, int.MaxValue)]
    public int? ThinkingBudget { get; init; }
}
