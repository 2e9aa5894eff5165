namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>A tool call that was found in the model's output.</summary>
/// <param name="Arguments">The arguments as a minified JSON object.</param>
internal readonly record struct ParsedToolCall(string Name, string Arguments)
{
    /// <summary>Whether this is no call, but text between calls: <see cref="Arguments"/> is the text. In an array, it is the call of a tool that was not offered.</summary>
    internal bool IsText => Name.Length == 0;

    internal static ParsedToolCall OfText(string text) => new("", text);
}
