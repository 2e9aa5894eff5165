namespace RkLlama.Output.Text;

/// <summary>The lines around a block of code in Markdown.</summary>
internal static class MarkdownFence
{
    /// <summary>The shortest fences. Models write no longer ones around calls and JSON.</summary>
    internal static IReadOnlyList<string> All { get; } = ["```", "~~~"];

    /// <summary>Returns whether a fence consists of this character.</summary>
    internal static bool IsPart(char c) => c is '`' or '~';
}
