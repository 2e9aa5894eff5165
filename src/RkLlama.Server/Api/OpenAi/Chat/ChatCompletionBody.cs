using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using RkLlama.Server.Api.Common;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.OpenAi.Chat;

/// <summary>A conversation to continue. Other fields are ignored; null is as absent.</summary>
internal sealed record ChatCompletionBody : ThinkingBody
{
    /// <summary>The whole conversation, the oldest message first.</summary>
    [Count(Min = 1)]
    public required MessageBody?[] Messages { get; init; }

    /// <summary>Functions that the model may call.</summary>
    [AnyOf(typeof(ToolBody[]))]
    public JsonElement? Tools { get; init; }

    /// <summary>none, auto or required, or the one function that has to be called. An answer without a call that has to be there is a 422.</summary>
    [AnyOf(typeof(string), typeof(ToolChoiceBody))]
    public JsonElement? ToolChoice { get; init; }

    public ResponseFormatBody? ResponseFormat { get; init; }

    /// <summary>none leaves the thoughts in the content, with their tags.</summary>
    public string? ReasoningFormat { get; init; }

    public StreamOptionsBody? StreamOptions { get; init; }

    /// <summary>The most tokens of the answer. 0 and −1 are no bound but the model's.</summary>
    [Range(-1, int.MaxValue)]
    public int? MaxCompletionTokens { get; init; }

    /// <summary>The older name of max_completion_tokens, which counts before it.</summary>
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

/// <summary>The JSON that the answer shall be. It is asked for in the prompt, checked and repaired.</summary>
internal sealed record ResponseFormatBody
{
    [AllowedValues("text", "json_object", "json_schema")]
    public required string Type { get; init; }

    /// <summary>Of the type json_schema.</summary>
    // Of another type it may be anything.
    [AnyOf(typeof(JsonSchemaBody))]
    public JsonElement? JsonSchema { get; init; }
}

internal sealed record JsonSchemaBody
{
    /// <summary>Free to choose.</summary>
    [Tolerant]
    public string? Name { get; init; }

    /// <summary>The schema.</summary>
    [AnyOf(typeof(Dictionary<string, JsonElement>))]
    public required JsonElement? Schema { get; init; }

    /// <summary>Whether an answer that does not keep to the schema is a 422, and not handed out as it is.</summary>
    public bool? Strict { get; init; }
}
