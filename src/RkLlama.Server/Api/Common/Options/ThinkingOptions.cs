using RkLlama.Server.Http.Requests;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Common.Options;

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

    /// <summary>The name of the field that limits the number of thinking tokens.</summary>
    internal const string BudgetField = "thinking_budget";

    private static readonly string[] Efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

    /// <summary>
    /// Combines the thinking fields of the OpenAI API. A field that turns thinking on or off, or sets a budget, has priority over the effort.
    /// </summary>
    /// <exception cref="Http.Errors.ApiException">Status 400: the effort has an unknown value.</exception>
    internal static ThinkingOptions From(ThinkingBody body)
    {
        ThinkingOptions thinking = IsDefault(body.ReasoningEffort)
            ? FromEffort(body.Reasoning?.Effort, "reasoning.effort")
            : FromEffort(body.ReasoningEffort, "reasoning_effort");
        return thinking.With(body.ChatTemplateKwargs?.EnableThinking ?? body.EnableThinking ?? body.Think ?? body.Reasoning?.Enabled)
            .WithBudget(body.ThinkingBudget ?? body.ChatTemplateKwargs?.ThinkingBudget ?? body.Reasoning?.MaxTokens);
    }

    /// <summary>Returns the names of the fields with which the request turns thinking on or off.</summary>
    internal static IReadOnlyList<string> SwitchesOf(ThinkingBody body)
    {
        (string Name, bool IsSet)[] fields =
        [
            ("reasoning_effort", !IsDefault(body.ReasoningEffort)),
            ("reasoning.effort", !IsDefault(body.Reasoning?.Effort)),
            ("reasoning.enabled", body.Reasoning?.Enabled is not null),
            ("chat_template_kwargs.enable_thinking", body.ChatTemplateKwargs?.EnableThinking is not null),
            ("enable_thinking", body.EnableThinking is not null),
            ("think", body.Think is not null),
        ];
        return [.. fields.Where(static field => field.IsSet).Select(static field => field.Name)];
    }

    /// <summary>Converts a level of Ollama's <c>think</c>: low, medium, high or max.</summary>
    /// <returns>Null if the level is null or unknown.</returns>
    internal static ThinkingOptions? FromLevel(string? level) => level switch
    {
        "low" or "medium" or "high" or "max" => FromEffort(level, ""),
        _ => null,
    };

    private static bool IsDefault(string? effort) => effort is null or "" or "default";

    private static ThinkingOptions FromEffort(string? effort, string name) => effort switch
    {
        _ when IsDefault(effort) => default,
        "none" or "minimal" => new(false, null),
        "low" => new(true, Low),
        "medium" => new(true, Medium),
        "high" or "xhigh" or "max" => new(true, null),
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
