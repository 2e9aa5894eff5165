namespace RkLlama.Output;

/// <summary>One token of the model's output, or text that the server inserts into the output.</summary>
/// <param name="Text">The characters that the token completes. May be empty.</param>
internal readonly record struct OutputToken(string Text, OutputTokenKind Kind);

internal enum OutputTokenKind
{
    /// <summary>An ordinary token of the vocabulary, or a token of unknown kind because the model has no tokenizer file.</summary>
    Text,

    /// <summary>A special token, such as <c>[TOOL_CALLS]</c>. It may be a marker of a tool call or of a reasoning block. It is never content.</summary>
    Special,

    /// <summary>Text that the server inserted. It does not count as a generated token.</summary>
    Inserted,
}
