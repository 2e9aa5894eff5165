using System.ComponentModel.DataAnnotations;

namespace RkLlama.Server.Api.Common;

/// <summary>
/// Thinking settings in the requests of the OpenAI API. Clients send the same setting under different names, so several fields mean the same.
/// <see cref="ThinkingOptions.From(ThinkingBody)"/> defines which one wins.
/// </summary>
internal abstract record ThinkingBody : GenerationBody
{
    /// <summary>Amount of thinking. none, minimal: thinking is off. low: at most 512 tokens. medium: at most 2048 tokens. high, xhigh: no limit.</summary>
    [AllowedValues("none", "minimal", "low", "medium", "high", "xhigh")]
    public string? ReasoningEffort { get; init; }

    public ReasoningBody? Reasoning { get; init; }

    public TemplateVariablesBody? ChatTemplateKwargs { get; init; }

    /// <summary>Turns thinking on or off. Default: ENABLE_THINKING of the Modelfile, or else the default of the chat template.</summary>
    public bool? EnableThinking { get; init; }

    /// <summary>Alias of enable_thinking.</summary>
    public bool? Think { get; init; }

    /// <summary>Maximum number of thinking tokens. 0: thinking is off. −1: no limit.</summary>
    [Range(-1, int.MaxValue)]
    public int? ThinkingBudget { get; init; }
}

/// <summary>Thinking settings, as an alternative to reasoning_effort and thinking_budget.</summary>
internal sealed record ReasoningBody
{
    /// <summary>Alias of reasoning_effort.</summary>
    [AllowedValues("none", "minimal", "low", "medium", "high", "xhigh")]
    public string? Effort { get; init; }

    /// <summary>Alias of thinking_budget. Maximum number of thinking tokens. 0: thinking is off. −1: no limit.</summary>
    [Range(-1, int.MaxValue)]
    public int? MaxTokens { get; init; }
}

/// <summary>Variables of the chat template. Only these two are supported; others are ignored.</summary>
internal sealed record TemplateVariablesBody
{
    /// <summary>Like the request's enable_thinking. If both are set, this one wins.</summary>
    public bool? EnableThinking { get; init; }

    /// <summary>Like the request's thinking_budget, which wins if both are set. 0: thinking is off. −1: no limit.</summary>
    [Range(-1, int.MaxValue)]
    public int? ThinkingBudget { get; init; }
}
