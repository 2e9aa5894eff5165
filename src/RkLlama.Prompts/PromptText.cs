namespace RkLlama.Prompts;

/// <summary>
/// A rendered prompt. Each character is either template text, which comes from the chat template, or request text, which a client sent. Only template text
/// may become control tokens.
/// </summary>
/// <param name="Text">The rendered prompt.</param>
/// <param name="RequestSpans">The ranges of <paramref name="Text"/> that are request text, in UTF-16 units. They are in ascending order and do not
/// overlap.</param>
public sealed record PromptText(string Text, IReadOnlyList<PromptSpan> RequestSpans)
{
    /// <summary>Creates a prompt in which every character counts as template text.</summary>
    public static PromptText Trusted(string text) => new(text, []);
}

/// <summary>A range of UTF-16 units, from <paramref name="Start"/> (inclusive) to <paramref name="End"/> (exclusive).</summary>
public readonly record struct PromptSpan(int Start, int End);
