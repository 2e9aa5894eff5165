namespace RkLlama.Output.Reasoning;

/// <summary>How reasoning ends that began with the answer, without an opening tag.</summary>
/// <param name="Tag">The pair whose closing tag ends it; null if it cannot end.</param>
/// <param name="IsAloneOnLine">Whether the closing tag must be alone on its line. The model is not known to reason, so its answer may be about tags.</param>
internal readonly record struct UnopenedReasoning(ReasoningTag? Tag, bool IsAloneOnLine)
{
    internal static UnopenedReasoning None => default;

    /// <summary>The text that ends the reasoning; empty if there is none. With channels there is none, because the same tag ends the content.</summary>
    internal string[] Ends => Tag is null or { Separator: not null } ? [] : [IsAloneOnLine ? Tag.Closers[0] + "\n" : Tag.Closers[0]];

    /// <summary>Returns the end for a model.</summary>
    /// <param name="modelTag">The tag of the model; null if it is not known to reason.</param>
    internal static UnopenedReasoning Of(ReasoningTag? modelTag) => new(modelTag ?? ReasoningTags.All[0], modelTag is null);
}
