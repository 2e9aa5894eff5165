using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls.Families;

/// <summary>Recognises texts that consist of marks only.</summary>
internal static class MarkText
{
    /// <summary>
    /// Returns whether the text is an opening mark or a fence. At the end of the output, directly after a call, the model wrote it in place of the closing mark,
    /// or did not open the fence.
    /// </summary>
    internal static bool IsOpening(string text) => text.Trim() is var mark && (MarkdownFence.All.Contains(mark) || ToolFamilies.Marks.ContainsKey(mark));

    /// <summary>Returns whether the text is nothing but an opening and a closing mark.</summary>
    internal static bool IsEmptyBlock(string text)
    {
        int end = text.Length > 0 ? text.AsSpan(1).IndexOf('<') + 1 : 0;
        return end > 0 && ToolFamilies.Marks.ContainsKey(text[..end].TrimEnd()) && ToolFamilies.Trailers.Contains(text[end..]);
    }
}
