using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.Api.Common.Messages;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Api.Common.Tools;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.OpenAi.Chat;

/// <summary>A request for a chat completion. Unknown fields are ignored. A null field counts as absent.</summary>
internal sealed record ChatCompletionBody : ThinkingBody
{
    /// <summary>The whole conversation, oldest message first.</summary>
    [LengthRange(Min = 1)]
    public required MessageBody?[] Messages { get; init; }

    /// <summary>Functions that the model may call.</summary>
    [AnyOf(typeof(ToolBody[]))]
    public JsonElement? Tools { get; init; }

    /// <summary>
    /// none, auto (default), required, or an object that names one function. If the output does not contain a required call, the status is 422.
    /// </summary>
    [AnyOf(typeof(string), typeof(ToolChoiceBody))]
    public JsonElement? ToolChoice { get; init; }

    /// <summary>If false, the answer has at most one tool call: the first one.</summary>
    [DefaultValue(true)]
    public bool? ParallelToolCalls { get; init; }

    /// <summary>Older form of tools: the functions themselves. The answer then has function_call in place of tool_calls. Ignored if tools is present.</summary>
    [AnyOf(typeof(Dictionary<string, JsonElement>[]))]
    public JsonElement? Functions { get; init; }

    /// <summary>Older form of tool_choice: none, auto, or an object with the name of a function.</summary>
    [AnyOf(typeof(string), typeof(Dictionary<string, JsonElement>))]
    public JsonElement? FunctionCall { get; init; }

    public ResponseFormatBody? ResponseFormat { get; init; }

    /// <summary>Alias of response_format with a strict JSON schema, as vLLM has it: the schema, or its text. Ignored if response_format is present.</summary>
    [AnyOf(typeof(Dictionary<string, JsonElement>), typeof(string))]
    public JsonElement? GuidedJson { get; init; }

    /// <summary>Alias of response_format with a strict JSON schema, as llama-server has it. Ignored if response_format or guided_json is present.</summary>
    [AnyOf(typeof(Dictionary<string, JsonElement>))]
    public JsonElement? JsonSchema { get; init; }

    /// <summary>
    /// none: the reasoning stays in the content, with its think tags. Any other value, or absent: the reasoning is in reasoning_content, without the tags.
    /// </summary>
    public string? ReasoningFormat { get; init; }

    /// <summary>
    /// Whether the answer continues the last message, if that is an assistant message with text. Default: true, unless add_generation_prompt is true.
    /// </summary>
    public bool? ContinueFinalMessage { get; init; }

    /// <summary>
    /// Whether the prompt ends with the text that introduces the assistant's answer. Must not be true together with continue_final_message. Default: true,
    /// unless the last message is continued.
    /// </summary>
    public bool? AddGenerationPrompt { get; init; }

    public StreamOptionsBody? StreamOptions { get; init; }

    /// <summary>
    /// Maximum number of output tokens, reasoning included. MAX_NEW_TOKENS of the Modelfile is the default and the upper limit. It also applies if the value is
    /// 0 or −1.
    /// </summary>
    [Range(-1, int.MaxValue)]
    public int? MaxCompletionTokens { get; init; }

    /// <summary>Older name of the field max_completion_tokens. Ignored if max_completion_tokens is present.</summary>
    [Range(-1, int.MaxValue)]
    public int? MaxTokens { get; init; }

    /// <summary>
    /// Stop sequences: the output ends before the first one that occurs. At most 64 sequences, and at most 16384 characters in all of them together.
    /// </summary>
    [AnyOf(typeof(string), typeof(string[]))]
    public StringOrArray? Stop { get; init; }

    /// <summary>Number of completions. It must be 1, 0 or absent, because the NPU runs one generation at a time.</summary>
    [CompletionCount]
    public int? N { get; init; }

    /// <summary>
    /// Number of candidates from which the server would choose the best one. It must be 1, 0 or absent, because the NPU runs one generation at a time.
    /// </summary>
    [CompletionCount]
    public int? BestOf { get; init; }

    /// <summary>Whether the completion is stored for 24 hours, so that GET /v1/chat/completions/{id} returns it.</summary>
    [DefaultValue(false)]
    public bool? Store { get; init; }

    /// <summary>If the completion is stored, the list of stored completions can be filtered by these values. Otherwise without effect.</summary>
    // Clients of other servers send other types, which have no effect.
    [IgnoreWrongType]
    [AnyOf(typeof(Dictionary<string, JsonElement>))]
    public JsonElement? Metadata { get; init; }

    /// <summary>Types of output. The output is always text; the response header X-RkLlama-Ignored names the field if it asks for another type.</summary>
    public string?[]? Modalities { get; init; }
}

/// <summary>Format of the output. For JSON, the server adds an instruction to the prompt, then repairs and validates the output.</summary>
internal sealed record ResponseFormatBody
{
    [AllowedValues("text", "json_object", "json_schema")]
    public required string Type { get; init; }

    /// <summary>The schema and its options. Required if the type is json_schema and there is no schema beside it; otherwise ignored.</summary>
    // For other types, the field may have any value and type.
    [AnyOf(typeof(JsonSchemaBody))]
    public JsonElement? JsonSchema { get; init; }

    /// <summary>
    /// A JSON schema, as llama-server has it: for the type json_object, and for json_schema without the field of this name. JSON that violates it is an error
    /// with status 422.
    /// </summary>
    [AnyOf(typeof(Dictionary<string, JsonElement>))]
    public JsonElement? Schema { get; init; }
}

/// <summary>A JSON schema for the output.</summary>
internal sealed record JsonSchemaBody
{
    /// <summary>Any name. It has no effect.</summary>
    [IgnoreWrongType]
    public string? Name { get; init; }

    /// <summary>The JSON schema.</summary>
    [AnyOf(typeof(Dictionary<string, JsonElement>))]
    public required JsonElement? Schema { get; init; }

    /// <summary>Whether JSON that violates the schema is an error with status 422. If false (default), the server returns this JSON.</summary>
    public bool? Strict { get; init; }
}
