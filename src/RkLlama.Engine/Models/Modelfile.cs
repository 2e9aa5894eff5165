namespace RkLlama.Engine.Models;

/// <summary>How a chat template is applied: to token ids, to text, or by the runtime itself.</summary>
internal enum TemplateMode { Tokens, Text, Runtime }

/// <summary>Which hidden states become an embedding: the last token's, or the mean of all.</summary>
internal enum Pooling { Last, Mean }

/// <summary>What one Modelfile says. Null means the file does not say it; defaults belong to who uses the value.</summary>
internal sealed record Modelfile
{
    public static readonly Modelfile Empty = new();

    /// <summary>The .rkllm file as written: absolute, or relative to the model's directory. Never empty.</summary>
    public string? From { get; init; }

    /// <summary>Where tokenizer and template come from. Never empty.</summary>
    public string? HuggingFacePath { get; init; }

    /// <summary>The system prompt. Empty is a statement of its own: no system message.</summary>
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

    /// <summary>Upper bound of one answer, in tokens.</summary>
    public int? MaxNewTokens { get; init; }

    /// <summary>Context length in tokens, not yet clamped to what the model was converted for.</summary>
    public int? NumCtx { get; init; }

    public bool? EnableThinking { get; init; }
    public string? Template { get; init; }
    public TemplateMode? TemplateMode { get; init; }
    public bool? ReuseKvCache { get; init; }
    public bool? GuardSpecialTokens { get; init; }
    public Pooling? Pooling { get; init; }

    /// <summary>Sentences for the log, each with file, line and column.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}
