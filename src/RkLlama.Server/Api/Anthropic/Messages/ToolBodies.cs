using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Anthropic.Messages;

/// <summary>A tool that the model may call.</summary>
internal sealed record AnthropicToolBody
{
    /// <summary>custom (default). Tools of other types are left out.</summary>
    public string? Type { get; init; }

    /// <summary>Required, except for tools that are left out.</summary>
    public string? Name { get; init; }

    /// <summary>What the tool does and when to call it.</summary>
    public string? Description { get; init; }

    /// <summary>JSON schema of the arguments.</summary>
    [AnyOf(typeof(Dictionary<string, JsonElement>))]
    public JsonElement? InputSchema { get; init; }
}

/// <summary>Whether the answer must call a tool. If it does not contain a required call, the status is 422.</summary>
internal sealed record AnthropicToolChoiceBody
{
    /// <summary>auto, any (a call of some tool), tool (a call of the tool with the name) or none.</summary>
    [AllowedValues("auto", "any", "tool", "none")]
    public required string Type { get; init; }

    /// <summary>Only if the type is tool: the name of the tool.</summary>
    public string? Name { get; init; }

    /// <summary>Whether the answer has at most one call: the first one.</summary>
    public bool? DisableParallelToolUse { get; init; }
}
