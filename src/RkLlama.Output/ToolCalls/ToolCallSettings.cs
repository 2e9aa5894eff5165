using System.Text.Json;

namespace RkLlama.Output.ToolCalls;

/// <summary>Defines which text is a tool call.</summary>
/// <param name="Names">The tools that the request offers; null accepts every name.</param>
/// <param name="Schemas">The JSON schema of each tool's parameters; null if there are none.</param>
internal sealed record ToolCallSettings(ToolSyntax Syntax, IReadOnlySet<string>? Names, IReadOnlyDictionary<string, JsonElement>? Schemas);
