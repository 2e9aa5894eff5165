namespace RkLlama.Server.Output;

/// <summary>A call as the model wrote it.</summary>
/// <param name="Arguments">A compact JSON object.</param>
internal readonly record struct ToolCall(string Name, string Arguments);
