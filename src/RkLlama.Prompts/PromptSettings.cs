namespace RkLlama.Prompts;

/// <summary>How prompts are sent to the model.</summary>
public enum PromptMode
{
    /// <summary>As token ids of the model's own tokenizer. The preferred mode.</summary>
    Tokens,

    /// <summary>As rendered text that the runtime tokenizes.</summary>
    Text,

    /// <summary>As the last user message, which the runtime wraps in the template of the model file. Single-turn.</summary>
    Runtime,
}

/// <summary>The component that a note is about.</summary>
public enum PromptComponent
{
    Tokenizer,
    Template,
}

/// <summary>A note for the log about how a model's prompts are built: what was chosen or what was missing.</summary>
/// <param name="Part">The component that the note is about.</param>
/// <param name="Text">One sentence.</param>
/// <param name="IsWarning">Whether the finding makes prompts worse.</param>
public sealed record PromptNote(PromptComponent Part, string Text, bool IsWarning);

/// <summary>The settings and file locations that determine how a model's prompts are built.</summary>
/// <param name="ModelName">The name that clients use.</param>
public sealed record PromptSettings(string ModelName)
{
    /// <summary>The name of the model file. It is used to detect the family if the model name contains none.</summary>
    public string? FileName { get; init; }

    /// <summary>The model's directory: the first place to look for the template and the tokenizer.</summary>
    public string? Directory { get; init; }

    /// <summary>
    /// The Hugging Face repository of the template and the tokenizer, such as <c>Qwen/Qwen2.5-1.5B-Instruct</c>. Only a local copy is read.
    /// </summary>
    public string? HuggingFacePath { get; init; }

    /// <summary>The cache directory of the Hugging Face libraries; <see langword="null"/> for the default of this process.</summary>
    public string? HuggingFaceCache { get; init; }

    /// <summary>The system message for conversations that have none; null or empty for none.</summary>
    public string? SystemPrompt { get; init; }

    /// <summary>The name of a built-in template, the name of a <c>.jinja</c> file in the model's directory, or Jinja source.</summary>
    public string? Template { get; init; }

    public PromptMode Mode { get; init; }

    /// <summary>The value of <c>enable_thinking</c> for requests that do not set it; null to leave it undefined.</summary>
    public bool? EnableThinking { get; init; }

    /// <summary>Whether control tokens in request text stay text.</summary>
    public bool GuardsSpecialTokens { get; init; } = true;
}
