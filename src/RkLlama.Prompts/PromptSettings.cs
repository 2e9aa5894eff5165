namespace RkLlama.Prompts;

/// <summary>How a prompt reaches the model.</summary>
public enum PromptMode
{
    /// <summary>As token ids of the model's own tokenizer; the way to be preferred.</summary>
    Tokens,

    /// <summary>As rendered text that the runtime tokenises.</summary>
    Text,

    /// <summary>As the last user message, which the runtime wraps in the template it has found in the model. Single-turn.</summary>
    Runtime,
}

/// <summary>What a note is about.</summary>
public enum PromptComponent
{
    Tokenizer,
    Template,
}

/// <summary>What was chosen or missing when a model's prompts were set up: a sentence for the log.</summary>
/// <param name="IsWarning">Whether prompts are worse for it.</param>
public sealed record PromptNote(PromptComponent Part, string Text, bool IsWarning);

/// <summary>What is known of a model before its prompts can be built.</summary>
/// <param name="ModelName">The name clients use.</param>
public sealed record PromptSettings(string ModelName)
{
    /// <summary>The name of the model file, which often tells the family where the model's name does not.</summary>
    public string? FileName { get; init; }

    /// <summary>The model's directory: looked into first for template and tokenizer.</summary>
    public string? Directory { get; init; }

    /// <summary>The repository of template and tokenizer, such as <c>Qwen/Qwen2.5-1.5B-Instruct</c>. Only its copy on this machine is read.</summary>
    public string? HuggingFacePath { get; init; }

    /// <summary>Where Hugging Face's libraries keep what they have downloaded; <see langword="null"/> for where this process would.</summary>
    public string? HuggingFaceCache { get; init; }

    /// <summary>Put in front when the conversation has no system message of its own; empty for none.</summary>
    public string? SystemPrompt { get; init; }

    /// <summary>The name of a built-in template, the name of a file in the model's directory that ends in <c>.jinja</c>, or Jinja.</summary>
    public string? Template { get; init; }

    public PromptMode Mode { get; init; }

    /// <summary>What <c>enable_thinking</c> is when a request does not say it.</summary>
    public bool? EnableThinking { get; init; }

    /// <summary>Whether control tokens that a client writes stay text.</summary>
    public bool GuardsSpecialTokens { get; init; } = true;
}
