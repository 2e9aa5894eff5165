namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>A tool call that was found in the model's output.</summary>
/// <param name="Arguments">The arguments as a minified JSON object.</param>
internal readonly record struct ParsedToolCall(string Name, string Arguments);
