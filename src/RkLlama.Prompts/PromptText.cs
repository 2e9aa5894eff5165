namespace RkLlama.Prompts;

/// <summary>
/// A rendered prompt, with the origin of each character: the template or the request. Only template text may become control tokens.
/// </summary>
/// <param name="Text">The rendered prompt.</param>
/// <param name="RequestSpans">The ranges of <paramref name="Text"/> that came with the request, in UTF-16 units; ordered and
/// disjoint.</param>
public sealed record PromptText(string Text, IReadOnlyList<PromptSpan> RequestSpans)
{
    /// <summary>Creates a prompt in which every character counts as template text.</summary>
    public static PromptText Trusted(string text) => new(text, []);
}

/// <summary>A half-open range <c>[Start, End)</c> of UTF-16 units.</summary>
public readonly record struct PromptSpan(int Start, int End);
