using RkLlama.Server.Http.Requests;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Common;

/// <summary>The thinking settings of a request.</summary>
/// <param name="IsOn">Whether the model thinks; null to use the default of the Modelfile or the chat template.</param>
/// <param name="Budget">Maximum number of thinking tokens; null for no limit except the maximum number of output tokens.</param>
[InlineSchema]
internal readonly record struct ThinkingOptions(bool? IsOn, int? Budget)
{
    // Thinking budgets in tokens. On a board, a 1.5B model generates so many tokens in about half a minute (low) and two minutes (medium). Higher levels have
    // no budget.
    private const int Low = 512;
    private const int Medium = 2048;

    private static readonly string[] Efforts = ["none", "minimal", "low", "medium", "high", "xhigh"];

    /// <summary>
    /// Combines the thinking fields of the OpenAI API. A field that turns thinking on or off, or sets a budget, has priority over the effort.
    /// </summary>
    /// <exception cref="Http.Errors.ApiException">Status 400: the effort has an unknown value.</exception>
    internal static ThinkingOptions From(ThinkingBody body)
    {
        ThinkingOptions thinking = body.ReasoningEffort is { } effort
            ? FromEffort(effort, "reasoning_effort")
            : FromEffort(body.Reasoning?.Effort, "reasoning.effort");
        return thinking.With(body.ChatTemplateKwargs?.EnableThinking ?? body.EnableThinking ?? body.Think)
            .WithBudget(body.ThinkingBudget ?? body.ChatTemplateKwargs?.ThinkingBudget ?? body.Reasoning?.MaxTokens);
    }

    /// <summary>Converts a level of Ollama's <c>think</c>: low, medium, high or max.</summary>
    /// <returns>Null if the level is null or unknown.</returns>
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

    /// <summary>Applies a budget: 0 turns thinking off, a negative value is no limit, null changes nothing.</summary>
    private ThinkingOptions WithBudget(int? budget) => budget switch
    {
        null => this,
        0 => new(false, null),
        < 0 => this with { Budget = null },
        _ => this with { Budget = budget },
    };
}
