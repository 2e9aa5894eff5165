using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.Api.Common.Messages;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.OpenAi.Responses;

/// <summary>A request of the responses API. Unknown fields are ignored. A null field counts as absent.</summary>
internal sealed record ResponsesBody : ThinkingBody
{
    /// <summary>The user's text, or the items of the whole conversation, oldest first.</summary>
    // The type of an item determines how ResponseInput reads it.
    [AnyOf(typeof(string), typeof(ResponseItemBody[]))]
    public required JsonElement Input { get; init; }

    /// <summary>System message in front of the input.</summary>
    public string? Instructions { get; init; }

    /// <summary>
    /// Functions and custom tools that the model may call, and namespaces of them. Tools of other types, which OpenAI hosts, are left out, and the response header
    /// X-RkLlama-Ignored names them.
    /// </summary>
    [AnyOf(typeof(ResponseToolBody[]))]
    public JsonElement? Tools { get; init; }

    /// <summary>
    /// none, auto (default), required, or an object that names one function or the allowed tools. If the output does not contain a required call, the status is
    /// 422.
    /// </summary>
    [AnyOf(typeof(string), typeof(ResponseToolChoiceBody))]
    public JsonElement? ToolChoice { get; init; }

    /// <summary>If false, the answer has at most one tool call: the first one.</summary>
    [DefaultValue(true)]
    public bool? ParallelToolCalls { get; init; }

    public ResponseTextBody? Text { get; init; }

    /// <summary>
    /// Maximum number of output tokens, reasoning included. MAX_NEW_TOKENS of the Modelfile is the default and the upper limit. It also applies if the value is
    /// 0 or −1.
    /// </summary>
    [Range(-1, int.MaxValue)]
    public int? MaxOutputTokens { get; init; }

    /// <summary>Has no effect, but the response contains it unchanged.</summary>
    // Stays JSON, because the response contains it unchanged.
    [AnyOf(typeof(Dictionary<string, JsonElement>))]
    public JsonElement? Metadata { get; init; }

    /// <summary>
    /// Whether the answer is made without a connection: the response to this request has the status queued, and GET /v1/responses/{id} returns the answer later. Such a
    /// request gives way to others. It must be stored.
    /// </summary>
    public bool? Background { get; init; }

    /// <summary>Whether the answer is stored for 24 hours, so that GET /v1/responses/{id} returns it and later requests can continue it.</summary>
    [DefaultValue(true)]
    public bool? Store { get; init; }

    /// <summary>Id of a stored response. Its items and its output come before the input. Its instructions do not.</summary>
    [IgnoreWrongType]
    public string? PreviousResponseId { get; init; }

    /// <summary>
    /// Id of a conversation, or an object with its id. The items of the conversation come before the input. Input and output become items of the conversation. Not together
    /// with previous_response_id.
    /// </summary>
    [AnyOf(typeof(string), typeof(Dictionary<string, JsonElement>))]
    public JsonElement? Conversation { get; init; }
}

/// <summary>One item of the conversation. The type of the item determines which fields it has.</summary>
internal sealed record ResponseItemBody
{
    /// <summary>
    /// message, function_call, function_call_output, custom_tool_call, custom_tool_call_output, reasoning, or additional_tools (it has tools like the request).
    /// Default: message. Items of other types are left out, and the response header X-RkLlama-Ignored names them.
    /// </summary>
    public string? Type { get; init; }

    /// <summary>In message items: role of the author. developer is another name for system.</summary>
    [AllowedValues("system", "developer", "user", "assistant")]
    [IgnoreWrongType]
    public string? Role { get; init; }

    /// <summary>In message items: the text. A string, or an array of text parts. In reasoning items: parts of type reasoning_text.</summary>
    [AnyOf(typeof(string), typeof(ContentPartBody[]))]
    public StringOrParts? Content { get; init; }

    /// <summary>In function_call and function_call_output items: id of the call. A call and its output have the same id.</summary>
    public string? CallId { get; init; }

    /// <summary>In function_call items: name of the function.</summary>
    public string? Name { get; init; }

    /// <summary>In function_call items: the arguments. A JSON object, or a string that contains a JSON object.</summary>
    [AnyOf(typeof(string), typeof(Dictionary<string, JsonElement>))]
    public JsonElement? Arguments { get; init; }

    /// <summary>In function_call items: the namespace of the function, if it has one.</summary>
    [IgnoreWrongType]
    public string? Namespace { get; init; }

    /// <summary>In custom_tool_call items: the input of the custom tool, any text.</summary>
    public string? Input { get; init; }

    /// <summary>In function_call_output items: the result. A string, an array of text parts, or any other JSON. Default: an empty text.</summary>
    [AnyOf(typeof(string), typeof(ContentPartBody[]), typeof(Dictionary<string, JsonElement>), typeof(double), typeof(bool))]
    public StringOrParts? Output { get; init; }
}

/// <summary>A tool that the model may call, in the format of the responses API.</summary>
// Only the OpenAPI document uses this type. ToolOptions reads the tools as JSON.
internal sealed record ResponseToolBody
{
    /// <summary>function (default), custom (its input is any text), or namespace (it has more tools).</summary>
    public string? Type { get; init; }

    public required string Name { get; init; }

    /// <summary>What the function does and when to call it.</summary>
    public string? Description { get; init; }

    /// <summary>JSON schema of the arguments.</summary>
    public Dictionary<string, JsonElement>? Parameters { get; init; }
}

/// <summary>
/// The object form of tool_choice in the responses API. The output must contain a call of the named function. With the type allowed_tools, the model sees only the
/// tools in the list.
/// </summary>
// Only the OpenAPI document uses this type. ToolOptions reads the choice as JSON.
internal sealed record ResponseToolChoiceBody
{
    /// <summary>function, custom or allowed_tools.</summary>
    public string? Type { get; init; }

    public string? Name { get; init; }

    /// <summary>Only if the type is allowed_tools: auto, or required if the output must contain a call.</summary>
    public string? Mode { get; init; }

    /// <summary>Only if the type is allowed_tools: types and names of the tools.</summary>
    [AnyOf(typeof(Dictionary<string, JsonElement>[]))]
    public JsonElement? Tools { get; init; }
}

/// <summary>Settings of the output text.</summary>
internal sealed record ResponseTextBody
{
    // Stays JSON, because the response contains it unchanged.
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

    /// <summary>The JSON schema. Required if the type is json_schema; otherwise ignored.</summary>
    [AnyOf(typeof(Dictionary<string, JsonElement>))]
    public JsonElement? Schema { get; init; }

    /// <summary>Whether JSON that violates the schema is an error with status 422. If false (default), the server returns this JSON.</summary>
    public bool? Strict { get; init; }
}
