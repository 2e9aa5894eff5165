using System.Text.Json;
using System.Text.Json.Serialization;

namespace RkLlama.Server.Api.Ollama;

/// <summary>What the last reply to a run tells: durations in nanoseconds.</summary>
internal abstract record OllamaRunReply
{
    [JsonPropertyOrder(10)]
    public required bool Done { get; init; }

    /// <summary>stop, length, load or unload.</summary>
    [JsonPropertyOrder(11)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? DoneReason { get; init; }

    [JsonPropertyOrder(12)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? TotalDuration { get; init; }

    [JsonPropertyOrder(13)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? LoadDuration { get; init; }

    [JsonPropertyOrder(14)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? PromptEvalCount { get; init; }

    [JsonPropertyOrder(15)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? PromptEvalDuration { get; init; }

    [JsonPropertyOrder(16)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? EvalCount { get; init; }

    [JsonPropertyOrder(17)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? EvalDuration { get; init; }
}

/// <summary><c>POST /api/chat</c>: the whole answer, or one line of its stream.</summary>
internal sealed record OllamaChatReply(string Model, string CreatedAt, OllamaMessage Message) : OllamaRunReply;

/// <summary><c>POST /api/generate</c>: the whole answer, or one line of its stream.</summary>
internal sealed record OllamaGenerateReply(
    string Model, string CreatedAt, string Response, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Thinking) : OllamaRunReply
{
    /// <summary>Always empty. There are clients (ollama-ai-provider-v2) that drop every reply without it, unfinished ones too.</summary>
    public int[] Context { get; } = [];
}

internal sealed record OllamaMessage(string Role, string Content)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Thinking { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public OllamaToolCall[]? ToolCalls { get; init; }
}

internal sealed record OllamaToolCall(string Id, OllamaFunctionCall Function);

/// <param name="Arguments">An object.</param>
internal sealed record OllamaFunctionCall(int Index, string Name, JsonElement Arguments);

/// <summary><c>GET /api/tags</c> and <c>GET /api/ps</c>.</summary>
internal sealed record OllamaModels(OllamaModel[] Models);

/// <param name="ModifiedAt">RFC 3339.</param>
/// <param name="Size">Of the model file, in bytes.</param>
/// <param name="Digest">64 hexadecimal digits that tell one version of the model from another; not of the content, which takes minutes to read.</param>
internal sealed record OllamaModel(string Name, string Model, string ModifiedAt, long Size, string Digest, OllamaDetails Details)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ExpiresAt { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? SizeVram { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ContextLength { get; init; }
}

internal sealed record OllamaDetails(string ParentModel, string Format, string Family, string[] Families, string ParameterSize, string QuantizationLevel);

/// <summary><c>POST /api/show</c>.</summary>
internal sealed record OllamaShowReply(
    string Modelfile,
    string Parameters,
    string Template,
    OllamaDetails Details,
    Dictionary<string, JsonElement> ModelInfo,
    string[] Capabilities,
    string ModifiedAt)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? System { get; init; }
}

/// <summary><c>GET /api/version</c>.</summary>
internal sealed record OllamaVersion(string Version);
