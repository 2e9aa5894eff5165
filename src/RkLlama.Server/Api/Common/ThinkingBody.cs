using System.ComponentModel.DataAnnotations;

namespace RkLlama.Server.Api.Common;

/// <summary>
/// Thinking settings in requests of the OpenAI API. Several fields have the same meaning, because clients use different names.
/// <see cref="ThinkingOptions.From(ThinkingBody)"/> defines their priority.
/// </summary>
internal abstract record ThinkingBody : GenerationBody
{
    /// <summary>
    /// How much the model thinks. none and minimal turn thinking off. low allows 512 thinking tokens, medium 2048; high and xhigh set no limit.
    /// </summary>
    [AllowedValues("none", "minimal", "low", "medium", "high", "xhigh")]
    public string? ReasoningEffort { get; init; }

    public ReasoningBody? Reasoning { get; init; }

    public TemplateVariablesBody? ChatTemplateKwargs { get; init; }

    /// <summary>Turns thinking on or off. Default: ENABLE_THINKING of the Modelfile; if it is not set, the default of the chat template.</summary>
    public bool? EnableThinking { get; init; }

    /// <summary>Alias of enable_thinking. Ignored if enable_thinking is set.</summary>
    public bool? Think { get; init; }

    /// <summary>Maximum number of thinking tokens. 0 turns thinking off; −1 is no limit. Default: the limit of reasoning_effort, or no limit.</summary>
    [Range(-1, int.MaxValue)]
    public int? ThinkingBudget { get; init; }
}

/// <summary>Thinking settings, as an alternative to reasoning_effort and thinking_budget.</summary>
internal sealed record ReasoningBody
{
    /// <summary>Alias of reasoning_effort. Ignored if reasoning_effort is set.</summary>
    [AllowedValues("none", "minimal", "low", "medium", "high", "xhigh")]
    public string? Effort { get; init; }

    /// <summary>
    /// Alias of thinking_budget. Ignored if thinking_budget or chat_template_kwargs.thinking_budget is set. 0 turns thinking off; −1 is no limit.
    /// </summary>
    [Range(-1, int.MaxValue)]
    public int? MaxTokens { get; init; }
}

/// <summary>Variables of the chat template. Only enable_thinking and thinking_budget have an effect; all others are ignored.</summary>
internal sealed record TemplateVariablesBody
{
    /// <summary>The same as enable_thinking of the request. If both are set, this field has priority.</summary>
    public bool? EnableThinking { get; init; }

    /// <summary>
    /// The same as thinking_budget of the request. If both are set, the field of the request has priority. 0 turns thinking off; −1 is no limit.
    /// </summary>
    [Range(-1, int.MaxValue)]
    public int? ThinkingBudget { get; init; }
}
