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

    /// <summary>Returns the first characters of the prompt.</summary>
    /// <param name="length">The number of UTF-16 units, at most the length of the prompt.</param>
    internal PromptText Truncate(int length) =>
        new(Text[..length], [.. RequestSpans.Where(span => span.Start < length).Select(span => span with { End = Math.Min(span.End, length) })]);

    /// <summary>Returns the prompt with template text behind it.</summary>
    internal PromptText AppendTemplate(string text) => this with { Text = Text + text };

    /// <summary>Returns the prompt with another prompt behind it.</summary>
    internal PromptText Append(PromptText next) =>
        new(Text + next.Text, [.. RequestSpans, .. next.RequestSpans.Select(span => new PromptSpan(span.Start + Text.Length, span.End + Text.Length))]);

    /// <summary>Returns the prompt with request text behind it.</summary>
    internal PromptText AppendRequest(string text) =>
        text.Length == 0 ? this : new(Text + text, [.. RequestSpans, new(Text.Length, Text.Length + text.Length)]);
}

/// <summary>A range of UTF-16 units, from <paramref name="Start"/> (inclusive) to <paramref name="End"/> (exclusive).</summary>
public readonly record struct PromptSpan(int Start, int End);
