using System.Text.Json;

namespace RkLlama.Output.ToolCalls;

/// <summary>Defines which text of the output is a tool call.</summary>
/// <param name="Syntax">The syntax of the model's tool calls.</param>
/// <param name="Names">The names of the tools that the request offers; null accepts every name.</param>
/// <param name="Schemas">The JSON schema of each tool's parameters, by the name of the tool; null if there are none.</param>
internal sealed record ToolCallSettings(ToolSyntax Syntax, IReadOnlySet<string>? Names, IReadOnlyDictionary<string, JsonElement>? Schemas);
