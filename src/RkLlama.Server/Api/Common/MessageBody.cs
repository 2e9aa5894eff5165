using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Common;

/// <summary>One message of a conversation.</summary>
internal sealed record MessageBody
{
    /// <summary>Who speaks. developer is system, function is tool.</summary>
    [AllowedValues("system", "developer", "user", "assistant", "tool", "function")]
    [Tolerant]
    public required string Role { get; init; }

    /// <summary>The text, or parts of it. An assistant's message with tool calls may go without.</summary>
    [AnyOf(typeof(string), typeof(ContentPartBody[]))]
    public TextOrParts? Content { get; init; }

    /// <summary>Of an assistant: the calls that it made.</summary>
    [AnyOf(typeof(ToolCallBody[]))]
    public ToolCalls? ToolCalls { get; init; }

    /// <summary>Of a tool: the call that this is the result of.</summary>
    [Tolerant]
    public string? ToolCallId { get; init; }

    /// <summary>Of a tool: its name, for chat templates that want it.</summary>
    [Tolerant]
    public string? Name { get; init; }

    /// <summary>Of an assistant: what it thought, for chat templates that show it to the model again.</summary>
    [Tolerant]
    public string? ReasoningContent { get; init; }
}

/// <summary>A part of a message. The texts of all parts are joined; other parts than text are refused.</summary>
internal sealed record ContentPartBody
{
    [AllowedValues("text", "input_text", "output_text")]
    [Tolerant]
    public required string Type { get; init; }

    [Tolerant]
    public required string Text { get; init; }
}

/// <summary>A call that an assistant made in an earlier turn.</summary>
internal sealed record ToolCallBody
{
    /// <summary>What the result refers to.</summary>
    [Tolerant]
    public string? Id { get; init; }

    [AllowedValues("function")]
    [Tolerant]
    public string? Type { get; init; }

    public required FunctionCallBody Function { get; init; }
}

/// <summary>The function that is called.</summary>
internal sealed record FunctionCallBody
{
    [Tolerant]
    public required string Name { get; init; }

    /// <summary>An object, or a string that holds one.</summary>
    // JSON as it came: chat templates get it so.
    [AnyOf(typeof(string), typeof(Dictionary<string, JsonElement>))]
    public required JsonElement Arguments { get; init; }
}
