namespace RkLlama.Output.ToolCalls;

/// <summary>A tool call as the model wrote it.</summary>
/// <param name="Arguments">A minified JSON object.</param>
internal readonly record struct ParsedToolCall(string Name, string Arguments);
