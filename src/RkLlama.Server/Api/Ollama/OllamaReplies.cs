using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Engine.Diagnostics;

namespace RkLlama.Server.Api.Ollama;

/// <summary>
/// Common fields of the responses of /api/chat and /api/generate. In a stream, only the last line has the statistics. Durations are in nanoseconds.
/// </summary>
internal abstract record OllamaRunReply
{
    /// <summary>Whether the response is complete. In a stream, false in all lines except the last one.</summary>
    [JsonPropertyOrder(10)]
    public required bool Done { get; init; }

    /// <summary>Why the generation ended: stop or length. If the request only loaded or unloaded the model: load or unload. Absent if done is false.</summary>
    [JsonPropertyOrder(11)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? DoneReason { get; init; }

    /// <summary>Time from the arrival of the request to the end of the generation.</summary>
    [JsonPropertyOrder(12)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? TotalDuration { get; init; }

    /// <summary>Time to load the model. Close to 0 if the model was already loaded.</summary>
    [JsonPropertyOrder(13)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? LoadDuration { get; init; }

    /// <summary>
    /// Number of tokens of the prompt, including those from the KV cache. Exact if the server has the model's tokenizer, otherwise an estimate.
    /// </summary>
    [JsonPropertyOrder(14)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? PromptEvalCount { get; init; }

    /// <summary>Prefill time: the time to process the prompt.</summary>
    [JsonPropertyOrder(15)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? PromptEvalDuration { get; init; }

    /// <summary>Number of output tokens, thinking included.</summary>
    [JsonPropertyOrder(16)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? EvalCount { get; init; }

    /// <summary>Decode time: the time to generate the output tokens, except the first one.</summary>
    [JsonPropertyOrder(17)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? EvalDuration { get; init; }
}

/// <summary>Response of <c>POST /api/chat</c>, or one line of its stream.</summary>
/// <param name="CreatedAt">Time of the response or line, RFC 3339.</param>
internal sealed record OllamaChatReply(string Model, string CreatedAt, OllamaMessage Message) : OllamaRunReply;

/// <summary>Response of <c>POST /api/generate</c>, or one line of its stream.</summary>
/// <param name="CreatedAt">Time of the response or line, RFC 3339.</param>
/// <param name="Response">The output text. In a stream: only the new text.</param>
/// <param name="Thinking">The model's reasoning, without the think tags. In a stream: only the new text. Absent if there is none.</param>
internal sealed record OllamaGenerateReply(
    string Model, string CreatedAt, string Response, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Thinking) : OllamaRunReply
{
    /// <summary>Always empty. It exists because some clients (ollama-ai-provider-v2) drop every line without this field.</summary>
    public int[] Context { get; } = [];
}

internal sealed record OllamaMessage(string Role, string Content)
{
    /// <summary>The model's reasoning, without the think tags. In a stream: only the new text. Absent if there is none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Thinking { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public OllamaToolCall[]? ToolCalls { get; init; }
}

/// <summary>A tool call that the model made.</summary>
internal sealed record OllamaToolCall(string Id, OllamaFunctionCall Function);

/// <param name="Index">Position among the tool calls of the output, from 0.</param>
/// <param name="Arguments">The arguments: a JSON object.</param>
internal sealed record OllamaFunctionCall(int Index, string Name, JsonElement Arguments);

/// <summary>Response of <c>GET /api/tags</c> and <c>GET /api/ps</c>.</summary>
internal sealed record OllamaModels(OllamaModel[] Models)
{
    /// <summary>The memory of the node, in the response of <c>GET /api/ps</c>. Ollama has no such field. Absent if it is unknown.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public HealthMemory? Memory { get; init; }
}

/// <summary>One model. The fields from expires_at on are only in the response of <c>GET /api/ps</c>. Ollama does not have those from state on.</summary>
/// <param name="Name">The model's name. If it has no tag, with the tag <c>latest</c>.</param>
/// <param name="Model">The same value as name.</param>
/// <param name="ModifiedAt">Time of the last change of the model file, RFC 3339.</param>
/// <param name="Size">Size of the model file in bytes. In the response of <c>GET /api/ps</c>: estimated memory of the model with all its KV slots.</param>
/// <param name="Digest">
/// 64 hexadecimal digits that identify a version of the model file. They are not a hash of its content, because reading the whole file takes minutes.
/// </param>
internal sealed record OllamaModel(string Name, string Model, string ModifiedAt, long Size, string Digest, OllamaDetails Details)
{
    /// <summary>Time at which the idle timer unloads the model, RFC 3339. A date in the year 2318 if the model has no idle timer.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ExpiresAt { get; init; }

    /// <summary>Estimated memory of the model: the same value as size.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? SizeVram { get; init; }

    /// <summary>Context length in tokens.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ContextLength { get; init; }

    /// <summary>loading, loaded, restarting or stuck.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? State { get; init; }

    /// <summary>Whether the operator has loaded the model, so that it is not unloaded when it is idle, and is evicted last.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Pinned { get; init; }

    /// <summary>Number of workers of the model, each with its own KV cache. Absent if there is one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Slots { get; init; }

    /// <summary>The domains of the NPU that the model uses, with those of its KV slots.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int[]? NpuDomains { get; init; }
}

/// <summary>
/// Properties of a model. parent_model is always empty, and format is always rkllm. The other values come from the names of the model and of its file. A value
/// that these names do not contain is "unknown".
/// </summary>
internal sealed record OllamaDetails(string ParentModel, string Format, string Family, string[] Families, string ParameterSize, string QuantizationLevel);

/// <summary>Response of <c>POST /api/show</c>.</summary>
/// <param name="Modelfile">Text of the Modelfile. If the model has none, one line with FROM.</param>
/// <param name="Parameters">One name and value per line, as in Ollama's Modelfile.</param>
/// <param name="Template">The chat template as Jinja source.</param>
/// <param name="ModelInfo">general.architecture, general.basename and the context length in tokens.</param>
/// <param name="Capabilities">The capabilities of the model: any of completion, tools, thinking and insert, or only embedding, or only rerank.</param>
/// <param name="ModifiedAt">Time of the last change of the model file, RFC 3339.</param>
internal sealed record OllamaShowReply(
    string Modelfile,
    string Parameters,
    string Template,
    OllamaDetails Details,
    Dictionary<string, JsonElement> ModelInfo,
    string[] Capabilities,
    string ModifiedAt)
{
    /// <summary>The system prompt of the Modelfile. Absent if there is none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? System { get; init; }

    /// <summary>The license in the Modelfile. Absent if there is none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? License { get; init; }

    /// <summary>The messages with which each conversation begins. Absent if there are none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public OllamaMessage[]? Messages { get; init; }
}

/// <summary>Response of <c>POST /api/pull</c> and <c>POST /api/create</c>, or one line of it; response of <c>DELETE /api/pull</c>.</summary>
/// <param name="Status">What the server does. The last line is <c>success</c>: the node has the model.</param>
internal sealed record OllamaPullStatus(string Status)
{
    internal static OllamaPullStatus Success { get; } = new("success");

    /// <summary>In the line that says which file was chosen: the number of bytes of all files. Absent in other lines.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Size { get; init; }

    /// <summary>
    /// The name of the model on the node: in the line that says which file was chosen, and in the lines that say that the model is already there and which files
    /// it has got. Absent in other lines.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Model { get; init; }

    /// <summary>The SHA-256 of the file that is being downloaded: <c>sha256:</c> and 64 hexadecimal digits. Absent in other lines, and for files whose SHA-256 the source does not say.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Digest { get; init; }

    /// <summary>The size of the file in bytes. Absent in other lines.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Total { get; init; }

    /// <summary>The number of bytes on the disk. Absent if 0.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Completed { get; init; }
}

/// <summary>Response of <c>POST /api/rename</c>.</summary>
/// <param name="Model">The new name of the model.</param>
/// <param name="Unloaded">Whether the model was loaded. Then it is unloaded now, and the next request for it loads it again.</param>
internal sealed record OllamaRenameReply(string Model, bool Unloaded);

/// <summary>Response of <c>GET /api/version</c>.</summary>
internal sealed record OllamaVersion(string Version);
