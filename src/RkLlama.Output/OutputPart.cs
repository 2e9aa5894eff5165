namespace RkLlama.Output;

/// <summary>A part of an answer, in the order in which clients get them.</summary>
internal abstract record OutputPart;

/// <param name="Text">Never empty.</param>
internal sealed record ContentPart(string Text) : OutputPart;

/// <param name="Text">Never empty.</param>
internal sealed record ReasoningPart(string Text) : OutputPart;

/// <summary>One whole call.</summary>
/// <param name="Index">Position among the calls of the answer, from 0.</param>
/// <param name="Arguments">A JSON object without white space between its tokens; the values as the model wrote them.</param>
internal sealed record ToolCallPart(int Index, string Id, string Name, string Arguments) : OutputPart;
