using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace RkLlama.Server.Api.Common.Tools;

/// <summary>
/// A function that the model may call, or a custom tool, which has an object custom in place of the function. Tools of other types are left out, and the
/// response header X-RkLlama-Ignored names them.
/// </summary>
// Only the OpenAPI document uses this type. ToolOptions reads the tools as JSON.
internal sealed record ToolBody
{
    public string? Type { get; init; }

    public FunctionBody? Function { get; init; }
}

internal sealed record FunctionBody
{
    public required string Name { get; init; }

    /// <summary>What the function does and when to call it.</summary>
    public string? Description { get; init; }

    /// <summary>JSON schema of the arguments.</summary>
    public Dictionary<string, JsonElement>? Parameters { get; init; }
}

/// <summary>The object form of tool_choice: the output must contain a call of this function.</summary>
// Only the OpenAPI document uses this type. ToolOptions reads the choice as JSON.
internal sealed record ToolChoiceBody
{
    [AllowedValues("function")]
    public string? Type { get; init; }

    public required NamedFunctionBody Function { get; init; }
}

internal sealed record NamedFunctionBody
{
    public required string Name { get; init; }
}
