namespace RkLlama.Output.Reasoning;

/// <summary>A pair of tags around the reasoning of a model family.</summary>
/// <param name="Open">The opening tag.</param>
/// <param name="Closers">The closing tags. The first is the usual one.</param>
internal sealed record ReasoningTag(string Open, params string[] Closers)
{
    /// <summary>The text before the name of the tool in <see cref="CallHeaders"/>.</summary>
    internal const string Recipient = "to=";

    /// <summary>The end of the answer of gpt-oss. It is dropped if no text follows.</summary>
    internal const string EndOfAnswer = "<|return|>";

    /// <summary>Texts directly after the opening tag that are not part of the reasoning, such as the name of a channel.</summary>
    internal string[] Headers { get; init; } = [];

    /// <summary>Texts directly after the opening tag that show that no reasoning, but content follows.</summary>
    internal string[] ContentHeaders { get; init; } = [];

    /// <summary>The one of <see cref="ContentHeaders"/> after which only a part of the content follows: it ends at the first closing tag.</summary>
    internal string? PreambleHeader { get; init; }

    /// <summary>
    /// Texts directly after the opening tag that show that a tool call follows. Each ends with <see cref="Recipient"/>.
    /// </summary>
    internal string[] CallHeaders { get; init; } = [];

    /// <summary>Whether the tags are words that a prompt may ask for. They are content if the prompt mentions them.</summary>
    internal bool IsWord { get; init; }

    /// <summary>Whether the tags are sentences. They count only for models whose template has them, because many answers begin with the same words.</summary>
    internal bool IsPhrase { get; init; }

    /// <summary>A text between a block and the opening tag of the next part; null if there is none.</summary>
    internal string? Separator { get; init; }

    /// <summary>The text with which a model ends its reasoning.</summary>
    internal string EndOfReasoning => $"\n{Closers[0]}\n\n";
}
