namespace RkLlama.Engine.Models.Modelfiles;

/// <summary>How a chat template is applied: to token ids, to text, or by the runtime itself.</summary>
internal enum TemplateMode { Tokens, Text, Runtime }

/// <summary>How an embedding is made: from the hidden state of the last token, or from the mean over all tokens.</summary>
internal enum Pooling { Last, Mean }

/// <summary>The values of one Modelfile. Null means that the file does not set the value; the code that uses the value applies the default.</summary>
internal sealed record Modelfile
{
    public static readonly Modelfile Empty = new();

    /// <summary>Path of the .rkllm file as written: absolute, or relative to the model's directory. Never empty.</summary>
    public string? From { get; init; }

    /// <summary>The Hugging Face repository of the tokenizer and the chat template. Never empty.</summary>
    public string? HuggingFacePath { get; init; }

    /// <summary>The system prompt. Empty means no system message.</summary>
    public string? System { get; init; }

    public double? Temperature { get; init; }
    public int? TopK { get; init; }
    public double? TopP { get; init; }
    public double? RepeatPenalty { get; init; }
    public double? FrequencyPenalty { get; init; }
    public double? PresencePenalty { get; init; }
    public int? Mirostat { get; init; }
    public double? MirostatTau { get; init; }
    public double? MirostatEta { get; init; }

    /// <summary>Maximum number of tokens of one generation.</summary>
    public int? MaxNewTokens { get; init; }

    /// <summary>Context length in tokens, as requested. The runtime may lower it to the limit of the model.</summary>
    public int? NumCtx { get; init; }

    public bool? EnableThinking { get; init; }
    public string? Template { get; init; }
    public TemplateMode? TemplateMode { get; init; }
    public bool? ReuseKvCache { get; init; }
    public bool? GuardSpecialTokens { get; init; }
    public Pooling? Pooling { get; init; }

    /// <summary>Warnings for the log, each with file, line and column.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}
