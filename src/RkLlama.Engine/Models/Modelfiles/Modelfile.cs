namespace RkLlama.Engine.Models.Modelfiles;

/// <summary>
/// The form in which prompts are sent to the vendor library. <c>Tokens</c>: token ids of the rendered chat template. <c>Text</c>: the rendered chat template
/// as text. <c>Runtime</c>: only the last user message, which the library wraps in the template of the model file.
/// </summary>
internal enum TemplateMode { Tokens, Text, Runtime }

/// <summary>What describes the tools of a request to the model: its chat template, or a system message of this project.</summary>
internal enum ToolPrompt { Template, Generic }

/// <summary>How an embedding is computed: it is the hidden state of the last token, or the mean of the hidden states of all tokens.</summary>
internal enum Pooling { Last, Mean }

/// <summary>
/// The values of one Modelfile. Null means that the file does not set the value; the code that uses the value applies the default.
/// <see cref="ModelfileKeys"/> has the allowed ranges.
/// </summary>
internal sealed record Modelfile
{
    public static readonly Modelfile Empty = new();

    /// <summary>Path of the .rkllm file as written: absolute, or relative to the model's directory. Not an empty string.</summary>
    public string? From { get; init; }

    /// <summary>The Hugging Face repository of the tokenizer and the chat template, as <c>owner/name</c>. Not an empty string.</summary>
    public string? HuggingFacePath { get; init; }

    /// <summary>
    /// The tokenizer: the path of a tokenizer file or of a directory with tokenizer and chat template, absolute or relative to the model's directory; or the
    /// name of a Hugging Face repository. Not an empty string.
    /// </summary>
    public string? Tokenizer { get; init; }

    /// <summary>The license of the model. For information only. Not an empty string.</summary>
    public string? License { get; init; }

    /// <summary>The system prompt for requests without a system message. If it is null or empty, the server adds no system message.</summary>
    public string? System { get; init; }

    /// <summary>The messages with which each conversation begins, in the form of <see cref="ModelfileMessage"/>.</summary>
    public TextList Messages { get; init; } = TextList.Empty;

    public double? Temperature { get; init; }
    public int? TopK { get; init; }
    public double? TopP { get; init; }
    public double? RepeatPenalty { get; init; }
    public double? FrequencyPenalty { get; init; }
    public double? PresencePenalty { get; init; }
    public int? Mirostat { get; init; }
    public double? MirostatTau { get; init; }
    public double? MirostatEta { get; init; }

    /// <summary>The stop sequences of requests that set none. None of them is empty.</summary>
    public TextList StopSequences { get; init; } = TextList.Empty;

    /// <summary>Maximum number of tokens that one request may generate.</summary>
    public int? MaxNewTokens { get; init; }

    /// <summary>The context length to load the model with, in tokens. If the model allows less, it is loaded with its own limit.</summary>
    public int? NumCtx { get; init; }

    public bool? EnableThinking { get; init; }
    public string? Template { get; init; }
    public TemplateMode? TemplateMode { get; init; }
    public ToolPrompt? Tools { get; init; }
    public bool? ReuseKvCache { get; init; }
    public int? Slots { get; init; }
    public bool? GuardSpecialTokens { get; init; }
    public Pooling? Pooling { get; init; }

    /// <summary>What stands around a query that gets an embedding, with <c>{text}</c>. Not an empty string.</summary>
    public string? EmbedQuery { get; init; }

    /// <summary>What stands around a document that gets an embedding, with <c>{text}</c>. Not an empty string.</summary>
    public string? EmbedDocument { get; init; }

    /// <summary>Whether the model judges documents for <c>/v1/rerank</c>.</summary>
    public bool? Rerank { get; init; }

    /// <summary>The prompt for reranking, with <c>{instruction}</c>, <c>{query}</c> and <c>{document}</c>. Not an empty string.</summary>
    public string? RerankTemplate { get; init; }

    /// <summary>The instruction for reranking, if the request has none. Not an empty string.</summary>
    public string? RerankInstruction { get; init; }

    /// <summary>The token with which the model says that a document is relevant. Not an empty string.</summary>
    public string? RerankYes { get; init; }

    /// <summary>The token with which the model says that a document is not relevant. Not an empty string.</summary>
    public string? RerankNo { get; init; }

    /// <summary>Maximum number of tokens of a query with its document. A longer document is cut.</summary>
    public int? RerankTokens { get; init; }

    /// <summary>Warnings for the log, each with file, line and column. If there are too many, the last item is the number of omitted ones.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}
