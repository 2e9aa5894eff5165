using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.OpenAi.Responses;

/// <summary>A request for a response. Unknown fields are ignored. A null field counts as absent.</summary>
internal sealed record ResponsesBody : ThinkingBody
{
    /// <summary>The user's text, or the items of the whole conversation, oldest first.</summary>
    // The type of an item decides into which record it is read, see ResponseInput.
    [AnyOf(typeof(string), typeof(ResponseItemBody[]))]
    public required JsonElement Input { get; init; }

    /// <summary>The system message.</summary>
    public string? Instructions { get; init; }

    /// <summary>Functions that the model may call.</summary>
    [AnyOf(typeof(ResponseToolBody[]))]
    public JsonElement? Tools { get; init; }

    /// <summary>none, auto, required, or an object that names one function. If the output does not contain a required call, the status is 422.</summary>
    [AnyOf(typeof(string), typeof(ResponseToolChoiceBody))]
    public JsonElement? ToolChoice { get; init; }

    public ResponseTextBody? Text { get; init; }

    /// <summary>Maximum number of output tokens, reasoning included. The Modelfile's MAX_NEW_TOKENS is the upper limit; 0, −1 and absent select it.</summary>
    [Range(-1, int.MaxValue)]
    public int? MaxOutputTokens { get; init; }

    /// <summary>Returned unchanged in the response. It has no other effect.</summary>
    // Kept as JSON, because the response repeats it.
    [AnyOf(typeof(Dictionary<string, JsonElement>))]
    public JsonElement? Metadata { get; init; }

    /// <summary>Not supported: must be false.</summary>
    public bool? Background { get; init; }
}

/// <summary>An item of the conversation. Its type decides which fields it has.</summary>
internal sealed record ResponseItemBody
{
    /// <summary>message, function_call, function_call_output or reasoning. Default: message. Items of type reasoning are ignored.</summary>
    [AllowedValues("message", "function_call", "function_call_output", "reasoning")]
    public string? Type { get; init; }

    /// <summary>In message items: role of the author. developer is treated as system.</summary>
    [AllowedValues("system", "developer", "user", "assistant")]
    [IgnoreWrongType]
    public string? Role { get; init; }

    /// <summary>In message items: the text. A string, or an array of text parts.</summary>
    [AnyOf(typeof(string), typeof(ContentPartBody[]))]
    public StringOrParts? Content { get; init; }

    /// <summary>In function_call and function_call_output items: id that connects the output with the call.</summary>
    public string? CallId { get; init; }

    /// <summary>In function_call items: name of the function.</summary>
    public string? Name { get; init; }

    /// <summary>In function_call items: the arguments. A JSON object, or a string that contains a JSON object.</summary>
    [AnyOf(typeof(string), typeof(Dictionary<string, JsonElement>))]
    public JsonElement? Arguments { get; init; }

    /// <summary>In function_call_output items: the result. A string, or an array of text parts.</summary>
    [AnyOf(typeof(string), typeof(ContentPartBody[]))]
    public StringOrParts? Output { get; init; }
}

/// <summary>A function that the model may call, in the format of the responses API.</summary>
// Only for the OpenAPI document. Tools are kept as JSON, see ToolOptions.
internal sealed record ResponseToolBody
{
    [AllowedValues("function")]
    public string? Type { get; init; }

    public required string Name { get; init; }

    /// <summary>What the function does and when to call it.</summary>
    public string? Description { get; init; }

    /// <summary>JSON schema of the arguments.</summary>
    public Dictionary<string, JsonElement>? Parameters { get; init; }
}

/// <summary>Object form of tool_choice in the responses API: the output must contain a call of this function.</summary>
// Only for the OpenAPI document. The choice is kept as JSON, see ToolOptions.
internal sealed record ResponseToolChoiceBody
{
    [AllowedValues("function")]
    public string? Type { get; init; }

    public required string Name { get; init; }
}

/// <summary>Settings of the output text.</summary>
internal sealed record ResponseTextBody
{
    // Kept as JSON, because the response repeats it.
    [AnyOf(typeof(ResponseTextFormatBody))]
    public JsonElement? Format { get; init; }
}

/// <summary>Format of the output. For JSON, the server adds an instruction to the prompt, then repairs and validates the output.</summary>
internal sealed record ResponseTextFormatBody
{
    [AllowedValues("text", "json_object", "json_schema")]
    public required string Type { get; init; }

    /// <summary>Any name. It has no effect.</summary>
    [IgnoreWrongType]
    public string? Name { get; init; }

    /// <summary>The JSON schema, if the type is json_schema.</summary>
    [AnyOf(typeof(Dictionary<string, JsonElement>))]
    public JsonElement? Schema { get; init; }

    /// <summary>true: output that violates the schema is an error with status 422. false (default): the server returns JSON that violates the schema.</summary>
    public bool? Strict { get; init; }
}
