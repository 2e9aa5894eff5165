namespace RkLlama.Output.ToolCalls;

/// <summary>A call as the model wrote it.</summary>
/// <param name="Arguments">A compact JSON object.</param>
internal readonly record struct ParsedToolCall(string Name, string Arguments);
