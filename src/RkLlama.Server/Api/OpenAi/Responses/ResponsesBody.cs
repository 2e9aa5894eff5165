using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using RkLlama.Server.Api.Common;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.OpenAi.Responses;

/// <summary>A conversation to continue. Other fields are ignored; null is as absent.</summary>
internal sealed record ResponsesBody : ThinkingBody
{
    /// <summary>The user's text, or the items of the whole conversation, the oldest first.</summary>
    // The type of an item decides which record it is read into, see ResponseInput.
    [AnyOf(typeof(string), typeof(ResponseItemBody[]))]
    public required JsonElement Input { get; init; }

    /// <summary>The system message.</summary>
    public string? Instructions { get; init; }

    /// <summary>Functions that the model may call.</summary>
    [AnyOf(typeof(ResponseToolBody[]))]
    public JsonElement? Tools { get; init; }

    /// <summary>none, auto or required, or the one function that has to be called. An answer without a call that has to be there is a 422.</summary>
    [AnyOf(typeof(string), typeof(ResponseToolChoiceBody))]
    public JsonElement? ToolChoice { get; init; }

    public ResponseTextBody? Text { get; init; }

    /// <summary>The most tokens of the answer. 0 and −1 are no bound but the model's.</summary>
    [Range(-1, int.MaxValue)]
    public int? MaxOutputTokens { get; init; }

    /// <summary>Comes back in the response; nothing else is done with it.</summary>
    // JSON as it came: it goes back.
    [AnyOf(typeof(Dictionary<string, JsonElement>))]
    public JsonElement? Metadata { get; init; }

    /// <summary>Refused when true: the answer comes with its request.</summary>
    public bool? Background { get; init; }
}

/// <summary>A turn of the conversation, or a part of one. Which fields it has depends on its type.</summary>
internal sealed record ResponseItemBody
{
    /// <summary>message, also when absent; function_call; function_call_output; or reasoning, which is left out.</summary>
    [AllowedValues("message", "function_call", "function_call_output", "reasoning")]
    public string? Type { get; init; }

    /// <summary>Of a message: who speaks. developer is system.</summary>
    [AllowedValues("system", "developer", "user", "assistant")]
    [Tolerant]
    public string? Role { get; init; }

    /// <summary>Of a message: the text, or parts of it.</summary>
    [AnyOf(typeof(string), typeof(ContentPartBody[]))]
    public TextOrParts? Content { get; init; }

    /// <summary>Of a call and of its output: what tells that they belong together.</summary>
    public string? CallId { get; init; }

    /// <summary>Of a call: the function.</summary>
    public string? Name { get; init; }

    /// <summary>Of a call: a string that holds an object, or the object.</summary>
    [AnyOf(typeof(string), typeof(Dictionary<string, JsonElement>))]
    public JsonElement? Arguments { get; init; }

    /// <summary>Of a call's output: the text, or parts of it.</summary>
    [AnyOf(typeof(string), typeof(ContentPartBody[]))]
    public TextOrParts? Output { get; init; }
}

/// <summary>A function that the model may call, in the form of the responses API.</summary>
// Only describes the tool: it stays JSON, see ToolOptions.
internal sealed record ResponseToolBody
{
    [AllowedValues("function")]
    public string? Type { get; init; }

    public required string Name { get; init; }

    /// <summary>What it does and when to call it.</summary>
    public string? Description { get; init; }

    /// <summary>A JSON schema of its arguments.</summary>
    public Dictionary<string, JsonElement>? Parameters { get; init; }
}

/// <summary>The one function that has to be called, in the form of the responses API.</summary>
// Only describes the choice: it stays JSON, see ToolOptions.
internal sealed record ResponseToolChoiceBody
{
    [AllowedValues("function")]
    public string? Type { get; init; }

    public required string Name { get; init; }
}

internal sealed record ResponseTextBody
{
    // JSON: it also goes back as it came.
    [AnyOf(typeof(ResponseTextFormatBody))]
    public JsonElement? Format { get; init; }
}

/// <summary>The JSON that the answer shall be. It is asked for in the prompt, checked and repaired.</summary>
internal sealed record ResponseTextFormatBody
{
    [AllowedValues("text", "json_object", "json_schema")]
    public required string Type { get; init; }

    /// <summary>Free to choose.</summary>
    [Tolerant]
    public string? Name { get; init; }

    /// <summary>Of the type json_schema: the schema.</summary>
    [AnyOf(typeof(Dictionary<string, JsonElement>))]
    public JsonElement? Schema { get; init; }

    /// <summary>Whether an answer that does not keep to the schema is a 422, and not handed out as it is.</summary>
    public bool? Strict { get; init; }
}
