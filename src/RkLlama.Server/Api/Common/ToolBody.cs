using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace RkLlama.Server.Api.Common;

/// <summary>A function that the model may call.</summary>
// Only describes the tool: it stays JSON, see ToolOptions.
internal sealed record ToolBody
{
    [AllowedValues("function")]
    public string? Type { get; init; }

    public required FunctionBody Function { get; init; }
}

internal sealed record FunctionBody
{
    public required string Name { get; init; }

    /// <summary>What it does and when to call it.</summary>
    public string? Description { get; init; }

    /// <summary>A JSON schema of its arguments.</summary>
    public Dictionary<string, JsonElement>? Parameters { get; init; }
}

/// <summary>The one function that has to be called.</summary>
// Only describes the choice: it stays JSON, see ToolOptions.
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
