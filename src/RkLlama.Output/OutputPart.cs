namespace RkLlama.Output;

/// <summary>One part of the model's output. Parts are in the order in which the client gets them.</summary>
internal abstract record OutputPart;

/// <param name="Text">Never empty.</param>
internal sealed record ContentPart(string Text) : OutputPart;

/// <param name="Text">Never empty.</param>
internal sealed record ReasoningPart(string Text) : OutputPart;

/// <summary>One complete tool call.</summary>
/// <param name="Index">Position among the tool calls of the output, from 0.</param>
/// <param name="Arguments">A JSON object without white space between its tokens. The values are as the model wrote them.</param>
internal sealed record ToolCallPart(int Index, string Id, string Name, string Arguments) : OutputPart;
