using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Common.Messages;

/// <summary>One message of a conversation.</summary>
internal sealed record MessageBody
{
    /// <summary>Role of the author, in any case. developer is another name for system, and function for tool.</summary>
    [AllowedValues("system", "developer", "user", "assistant", "tool", "function")]
    [IgnoreWrongType]
    public required string Role { get; init; }

    /// <summary>
    /// Text of the message: a string, or an array of text parts. Messages of the assistant and of tools need no text. In messages of tools, any other JSON counts
    /// as its text.
    /// </summary>
    [AnyOf(typeof(string), typeof(ContentPartBody[]))]
    public StringOrParts? Content { get; init; }

    /// <summary>In assistant messages: the tool calls of the model.</summary>
    [AnyOf(typeof(ToolCallBody[]))]
    public ToolCalls? ToolCalls { get; init; }

    /// <summary>In assistant messages: older form of one tool call, with a name and arguments. Ignored if tool_calls is not empty.</summary>
    // Messages of other roles ignore the field.
    [AnyOf(typeof(Dictionary<string, JsonElement>))]
    public JsonElement? FunctionCall { get; init; }

    /// <summary>In tool messages: id of the tool call whose result is the content.</summary>
    [IgnoreWrongType]
    public string? ToolCallId { get; init; }

    /// <summary>In tool messages: name of the tool. It has an effect only if the model's chat template uses it.</summary>
    [IgnoreWrongType]
    public string? Name { get; init; }

    /// <summary>
    /// In assistant messages: the reasoning that the model generated before the content. It has an effect only if the model's chat template uses it.
    /// </summary>
    [IgnoreWrongType]
    public string? ReasoningContent { get; init; }
}

/// <summary>
/// A text part of a message. The texts of all parts are joined without a separator. In assistant messages, parts of the types refusal and thinking are skipped.
/// Parts of other types, such as images, are an error in the newest turn. In older turns they are left out, and the response header X-RkLlama-Ignored names
/// them.
/// </summary>
internal sealed record ContentPartBody
{
    /// <summary>Type of the part. Default: text, if the part has a text.</summary>
    [AllowedValues("text", "input_text", "output_text")]
    public string? Type { get; init; }

    [IgnoreWrongType]
    public required string? Text { get; init; }
}

/// <summary>A tool call in an earlier assistant message.</summary>
internal sealed record ToolCallBody
{
    /// <summary>Id of the call. The tool message with the result refers to it.</summary>
    [IgnoreWrongType]
    public string? Id { get; init; }

    [AllowedValues("function", "custom")]
    [IgnoreWrongType]
    public string? Type { get; init; }

    public FunctionCallBody? Function { get; init; }

    /// <summary>Only if the type is custom.</summary>
    public CustomCallBody? Custom { get; init; }
}

/// <summary>The called custom tool and its input.</summary>
internal sealed record CustomCallBody
{
    [IgnoreWrongType]
    public required string Name { get; init; }

    [IgnoreWrongType]
    public string? Input { get; init; }
}

/// <summary>The called function and its arguments.</summary>
internal sealed record FunctionCallBody
{
    [IgnoreWrongType]
    public required string Name { get; init; }

    /// <summary>Arguments: a JSON object, or a string that contains a JSON object. null counts as an empty object.</summary>
    // Stays JSON, because the chat template gets it.
    [AnyOf(typeof(string), typeof(Dictionary<string, JsonElement>))]
    public required JsonElement Arguments { get; init; }
}
