using RkLlama.Server.Http;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Common;

/// <summary>What a request says about thinking.</summary>
/// <param name="IsOn">Whether the model shall think first; null leaves it to the model.</param>
/// <param name="Budget">The maximum number of tokens of thoughts; null if only the answer has a limit.</param>
[InlineSchema]
internal readonly record struct ThinkingOptions(bool? IsOn, int? Budget)
{
    // What the levels are in tokens: about half a minute and two minutes of a 1.5B model on a board. The higher ones have no bound.
    private const int Low = 512;
    private const int Medium = 2048;

    private static readonly string[] Efforts = ["none", "minimal", "low", "medium", "high", "xhigh"];

    /// <summary>In the dialects of the OpenAI API's clients; the more specific field counts.</summary>
    internal static ThinkingOptions From(ThinkingBody body)
    {
        ThinkingOptions thinking = body.ReasoningEffort is { } effort
            ? FromEffort(effort, "reasoning_effort")
            : FromEffort(body.Reasoning?.Effort, "reasoning.effort");
        return thinking.With(body.ChatTemplateKwargs?.EnableThinking ?? body.EnableThinking ?? body.Think)
            .WithBudget(body.ThinkingBudget ?? body.ChatTemplateKwargs?.ThinkingBudget ?? body.Reasoning?.MaxTokens);
    }

    /// <summary>A level of Ollama.</summary>
    /// <returns>Null for another word.</returns>
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

    /// <summary>0 is no thinking, −1 no bound.</summary>
    private ThinkingOptions WithBudget(int? budget) => budget switch
    {
        null => this,
        0 => new(false, null),
        < 0 => this with { Budget = null },
        _ => this with { Budget = budget },
    };
}
