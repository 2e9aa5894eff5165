using RkLlama.Server.Http.Requests;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Common;

/// <summary>The thinking settings of a request.</summary>
/// <param name="IsOn">Whether thinking is on; null leaves it to the Modelfile and the chat template.</param>
/// <param name="Budget">Maximum number of thinking tokens; null if only the whole output has a limit.</param>
[InlineSchema]
internal readonly record struct ThinkingOptions(bool? IsOn, int? Budget)
{
    // Thinking budgets in tokens: a 1.5B model on a board takes about half a minute and two minutes for them. Higher levels have no budget.
    private const int Low = 512;
    private const int Medium = 2048;

    private static readonly string[] Efforts = ["none", "minimal", "low", "medium", "high", "xhigh"];

    /// <summary>From the fields of the OpenAI API. On, off and budget, if set explicitly, override the effort.</summary>
    internal static ThinkingOptions From(ThinkingBody body)
    {
        ThinkingOptions thinking = body.ReasoningEffort is { } effort
            ? FromEffort(effort, "reasoning_effort")
            : FromEffort(body.Reasoning?.Effort, "reasoning.effort");
        return thinking.With(body.ChatTemplateKwargs?.EnableThinking ?? body.EnableThinking ?? body.Think)
            .WithBudget(body.ThinkingBudget ?? body.ChatTemplateKwargs?.ThinkingBudget ?? body.Reasoning?.MaxTokens);
    }

    /// <summary>From a level of Ollama: low, medium, high or max.</summary>
    /// <returns>Null for any other value.</returns>
    internal static ThinkingOptions? FromLevel(string? level) => level switch
    {
        "low" or "medium" or "high" => FromEffort(level, ""),
        "max" => new(true, null),
        _ => null,
    };

    private static ThinkingOptions FromEffort(string? effort, string name) => effort switch
    {
        null => default,
        "none" or "minimal" => new(false, null),
        "low" => new(true, Low),
        "medium" => new(true, Medium),
        "high" or "xhigh" => new(true, null),
        _ => throw JsonFields.Wrong(name, $"one of {string.Join(", ", Efforts)}"),
    };

    private ThinkingOptions With(bool? isOn) => isOn is null ? this : this with { IsOn = isOn };

    /// <summary>0 turns thinking off; a negative budget is no limit.</summary>
    private ThinkingOptions WithBudget(int? budget) => budget switch
    {
        null => this,
        0 => new(false, null),
        < 0 => this with { Budget = null },
        _ => this with { Budget = budget },
    };
}
