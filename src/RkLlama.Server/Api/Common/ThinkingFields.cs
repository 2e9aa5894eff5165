using System.Text.Json;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Common;

/// <summary>What a request says about thinking.</summary>
/// <param name="IsOn">Whether the model shall think first; null leaves it to the model.</param>
/// <param name="Budget">After so many tokens it has to answer; null for no bound but the answer's.</param>
internal readonly record struct ThinkingFields(bool? IsOn, int? Budget)
{
    // What the levels are in tokens: about half a minute and two minutes of a 1.5B model on a board. The higher ones have no bound.
    private const int Low = 512;
    private const int Medium = 2048;

    private static readonly string[] Efforts = ["none", "minimal", "low", "medium", "high", "xhigh"];

    /// <summary>In the dialects that clients of the OpenAI API write; the more particular word counts.</summary>
    internal static ThinkingFields FromOpenAi(JsonElement body)
    {
        JsonElement? reasoning = body.Object("reasoning");
        JsonElement? variables = body.Object("chat_template_kwargs");
        ThinkingFields thinking = body.Text("reasoning_effort") is { } effort
            ? FromEffort(effort, "reasoning_effort")
            : FromEffort(reasoning?.Text("effort"), "reasoning.effort");
        bool? isOn = variables?.Flag("enable_thinking") ?? body.Flag("enable_thinking") ?? body.Flag("think");
        return thinking.With(isOn).WithBudget(
            body.Integer("thinking_budget", -1, int.MaxValue) ?? variables?.Integer("thinking_budget", -1, int.MaxValue) ?? reasoning?.Integer("max_tokens", -1, int.MaxValue));
    }

    /// <summary>As Ollama has it: true, false, or a level.</summary>
    internal static ThinkingFields FromOllama(JsonElement body)
    {
        const string Name = "think";
        if (!body.TryGet(Name, out JsonElement think))
            return default;
        return think.ValueKind switch
        {
            JsonValueKind.True => new(true, null),
            JsonValueKind.False => new(false, null),
            JsonValueKind.String when think.GetString() is "low" or "medium" or "high" => FromEffort(think.GetString(), Name),
            JsonValueKind.String when think.GetString() is "max" => new(true, null),
            _ => throw JsonFields.Wrong(Name, "true, false, \"low\", \"medium\", \"high\" or \"max\""),
        };
    }

    private static ThinkingFields FromEffort(string? effort, string name) => effort switch
    {
        null => default,
        "none" or "minimal" => new(false, null),
        "low" => new(true, Low),
        "medium" => new(true, Medium),
        "high" or "xhigh" => new(true, null),
        _ => throw JsonFields.Wrong(name, $"one of {string.Join(", ", Efforts)}"),
    };

    private ThinkingFields With(bool? isOn) => isOn is null ? this : this with { IsOn = isOn };

    /// <summary>0 is no thinking, −1 no bound.</summary>
    private ThinkingFields WithBudget(int? budget) => budget switch
    {
        null => this,
        0 => new(false, null),
        < 0 => this with { Budget = null },
        _ => this with { Budget = budget },
    };
}
