namespace RkLlama.Prompts;

/// <summary>How prompts are sent to the model.</summary>
public enum PromptMode
{
    /// <summary>As token ids of the model's own tokenizer. The preferred mode.</summary>
    Tokens,

    /// <summary>As rendered text that the runtime tokenizes.</summary>
    Text,

    /// <summary>Only the last user message is sent, as text. The runtime wraps it in the chat template of the model file.</summary>
    Runtime,
}

/// <summary>The component that a <see cref="PromptNote"/> is about.</summary>
public enum PromptComponent
{
    Tokenizer,
    Template,
}

/// <summary>A note for the log about how a model's prompts are built: what was chosen or what was missing.</summary>
/// <param name="Part">The component that the note is about.</param>
/// <param name="Text">One sentence.</param>
/// <param name="IsWarning">Whether the note reports a problem, such as a missing tokenizer.</param>
public sealed record PromptNote(PromptComponent Part, string Text, bool IsWarning)
{
    /// <summary>The command that solves the problem, if there is exactly one; otherwise null.</summary>
    public string? Command { get; init; }
}

/// <summary>The settings and file locations that determine how a model's prompts are built.</summary>
/// <param name="ModelName">The name of the model that clients send. It is also used to detect the model family.</param>
public sealed record PromptSettings(string ModelName)
{
    /// <summary>The name of the model file; null if unknown. Used to detect the model family if the model name contains no known family.</summary>
    public string? FileName { get; init; }

    /// <summary>The model's directory, which is searched first for the template and the tokenizer; null for none.</summary>
    public string? Directory { get; init; }

    /// <summary>
    /// The tokenizer that the Modelfile names: the path of a tokenizer file, or of a directory with the tokenizer and the template, absolute or relative to
    /// <see cref="Directory"/>; or a Hugging Face repository of which a local copy is read. Null for none. It has priority over the files in
    /// <see cref="Directory"/>.
    /// </summary>
    public string? Tokenizer { get; init; }

    /// <summary>
    /// The Hugging Face repository with the template and the tokenizer, such as <c>Qwen/Qwen2.5-1.5B-Instruct</c>; null for none. Only a local copy of the
    /// repository is read.
    /// </summary>
    public string? HuggingFacePath { get; init; }

    /// <summary>
    /// The directory with the local copies of Hugging Face repositories; <see langword="null"/> for the directory that the environment variables of this
    /// process specify.
    /// </summary>
    public string? HuggingFaceCache { get; init; }

    /// <summary>The text of the system message that is added to conversations without one; null or empty to add none.</summary>
    public string? SystemPrompt { get; init; }

    /// <summary>The messages with which each conversation begins, after its first system messages. They have a role and a text only.</summary>
    public IReadOnlyList<ChatMessage> Messages { get; init; } = [];

    /// <summary>
    /// The chat template: the name of a built-in template, the name of a <c>.jinja</c> file in the model's directory, or Jinja source. Null to use the
    /// template of the model's files, or a built-in template.
    /// </summary>
    public string? Template { get; init; }

    public PromptMode Mode { get; init; }

    /// <summary>The template variable <c>enable_thinking</c> for requests that do not specify it; null to leave the variable undefined.</summary>
    public bool? EnableThinking { get; init; }

    /// <summary>
    /// Whether tools are described in a system message, in place of the chat template's own form, and tool calls of earlier messages are text. For models whose
    /// template knows no tools.
    /// </summary>
    public bool UsesGenericTools { get; init; }

    /// <summary>
    /// Whether the text of a control token in a request, such as <c>&lt;|im_end|&gt;</c>, stays plain text. If false, it becomes the control token.
    /// </summary>
    public bool GuardsSpecialTokens { get; init; } = true;

    /// <summary>Adds the messages and the system prompt of the model to those of a request.</summary>
    internal void AddMessages(List<ChatMessage> messages)
    {
        bool hasSystem = messages.Exists(static message => message.Role == "system");
        int start = messages.FindIndex(static message => message.Role != "system");
        messages.InsertRange(start < 0 ? messages.Count : start, Messages);
        if (!hasSystem && !string.IsNullOrEmpty(SystemPrompt))
            messages.Insert(0, new("system", SystemPrompt));
    }
}
