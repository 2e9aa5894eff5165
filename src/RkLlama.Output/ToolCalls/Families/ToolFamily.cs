namespace RkLlama.Output.ToolCalls.Families;

/// <summary>A family of models that write tool calls in the same format.</summary>
/// <param name="Evidence">
/// Texts by which a chat template of the family is recognised: one of the strings must occur in the template. In a string with several parts, separated by
/// line breaks, all parts must occur. Empty if the family cannot be recognised.
/// </param>
/// <param name="Marks">The marks of the family. In every family, the marks of all families count. The family's own marks show what the rest of a cut answer would have been.</param>
internal sealed record ToolFamily(string Name, string[] Evidence, ToolMark[] Marks)
{
    /// <summary>Whether a call without a mark, at the start of a line, is a call even if text follows it.</summary>
    internal bool HasUnmarkedCalls { get; init; }

    /// <summary>Whether a call may be the name of a tool at the start of any line, not only of the first one.</summary>
    internal bool StartsWithName { get; init; }

    internal bool IsTemplate(string source) =>
        Array.Exists(Evidence, text => Array.TrueForAll(text.Split('\n'), part => source.Contains(part, StringComparison.Ordinal)));
}
