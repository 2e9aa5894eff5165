namespace RkLlama.Output;

/// <summary>A part of the model's output: content, reasoning or a tool call. The client receives the parts in the order of their creation.</summary>
internal abstract record OutputPart;

/// <summary>A piece of the content.</summary>
/// <param name="Text">Never empty.</param>
internal sealed record ContentPart(string Text) : OutputPart;

/// <summary>A piece of the text of the reasoning block.</summary>
/// <param name="Text">Never empty.</param>
internal sealed record ReasoningPart(string Text) : OutputPart;

/// <summary>
/// The model has closed a reasoning block that it did not open: all content before this part was reasoning. A stream cannot take the content back.
/// </summary>
internal sealed record UnopenedReasoningPart : OutputPart;

/// <summary>One complete tool call.</summary>
/// <param name="Index">The position among the tool calls of the output; the first is 0.</param>
/// <param name="Id">The id that the server generated for this call.</param>
/// <param name="Arguments">The arguments as a minified JSON object. The values are as the model wrote them, except scalars of a wrong type.</param>
internal sealed record ToolCallPart(int Index, string Id, string Name, string Arguments) : OutputPart;
