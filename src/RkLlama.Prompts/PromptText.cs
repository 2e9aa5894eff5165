namespace RkLlama.Prompts;

/// <summary>
/// A rendered prompt together with the origin of each of its characters: the template's own text, or text that came with the request.
/// Only template text may become control tokens.
/// </summary>
/// <param name="Text">The rendered prompt.</param>
/// <param name="RequestSpans">The parts of <paramref name="Text"/> that came from the request, in UTF-16 units, ordered and disjoint.</param>
public sealed record PromptText(string Text, IReadOnlyList<PromptSpan> RequestSpans)
{
    /// <summary>A prompt of which every character counts as template text.</summary>
    public static PromptText Trusted(string text) => new(text, []);
}

/// <summary>A half-open range <c>[Start, End)</c> of UTF-16 units.</summary>
public readonly record struct PromptSpan(int Start, int End);
