using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.Common.Options;

/// <summary>
/// Thinking settings in requests of the OpenAI API. Several fields have the same meaning, because clients use different names.
/// <see cref="ThinkingOptions.From(ThinkingBody)"/> defines their priority.
/// </summary>
internal abstract record ThinkingBody : GenerationBody
{
    /// <summary>
    /// How much the model thinks. none and minimal turn thinking off. low allows 512 thinking tokens, medium 2048; high, xhigh and max set no limit. default and
    /// an empty text count as absent.
    /// </summary>
    [AllowedValues("none", "minimal", "low", "medium", "high", "xhigh", "max", "default", "")]
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
    [AllowedValues("none", "minimal", "low", "medium", "high", "xhigh", "max", "default", "")]
    public string? Effort { get; init; }

    /// <summary>Alias of enable_thinking, as OpenRouter has it. Ignored if enable_thinking or think is set.</summary>
    public bool? Enabled { get; init; }

    /// <summary>
    /// Alias of thinking_budget. Ignored if thinking_budget or chat_template_kwargs.thinking_budget is set. 0 turns thinking off; −1 is no limit.
    /// </summary>
    [Range(-1, int.MaxValue)]
    public int? MaxTokens { get; init; }
}

/// <summary>
/// Variables of the chat template. Besides the two fields below, each field becomes a variable of the template, if the template reads it. The others are named in
/// the header X-RkLlama-Ignored. Variables that the server sets itself, such as messages, tools and bos_token, cannot be changed.
/// </summary>
internal sealed record TemplateVariablesBody
{
    // The variables are kept while the request waits, and are no part of the prompt.
    private const int MaxBytes = 64 << 10;

    /// <summary>The same as enable_thinking of the request. If both are set, this field has priority.</summary>
    public bool? EnableThinking { get; init; }

    /// <summary>
    /// The same as thinking_budget of the request. If both are set, the field of the request has priority. 0 turns thinking off; −1 is no limit.
    /// </summary>
    [Range(-1, int.MaxValue)]
    public int? ThinkingBudget { get; init; }

    /// <summary>All other fields, as JSON for the chat template.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }

    /// <summary>Returns the variables for the chat template, except enable_thinking; null if there are none.</summary>
    /// <exception cref="ApiException">Status 400: the variables are too long.</exception>
    internal IReadOnlyDictionary<string, JsonElement>? ToVariables()
    {
        if (Others?.Sum(static pair => (long)pair.Key.Length + JsonMarshal.GetRawUtf8Value(pair.Value).Length) > MaxBytes)
            throw ApiException.BadRequest($"chat_template_kwargs has more than {MaxBytes} bytes.", "chat_template_kwargs");
        return ThinkingBudget is { } budget
            ? new Dictionary<string, JsonElement>(Others ?? [], StringComparer.Ordinal)
            {
                [ThinkingOptions.BudgetField] = JsonElement.Parse(budget.ToString(CultureInfo.InvariantCulture)),
            }
            : Others;
    }
}
