using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.Api.Common.Messages;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Api.Common.Tools;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Ollama;

/// <summary>A request that names a model. Unknown fields are ignored. A null field counts as absent.</summary>
internal abstract record OllamaModelBody
{
    /// <summary>Name of a model from GET /api/tags. The tag :latest may be absent.</summary>
    public required string Model { get; init; }

    /// <summary>Older name of the field model. Ignored if model is present.</summary>
    // If model is present, this field may have any type.
    [AnyOf(typeof(string))]
    public JsonElement? Name { get; init; }
}

/// <summary>A request for information about a model.</summary>
internal sealed record OllamaShowBody : OllamaModelBody
{
    /// <summary>Has no effect.</summary>
    // Because the field has no effect, it may have any type.
    [AnyOf(typeof(bool))]
    public JsonElement? Verbose { get; init; }
}

/// <summary>The model to delete.</summary>
internal sealed record OllamaDeleteBody : OllamaModelBody;

/// <summary>The model to pull.</summary>
internal sealed record OllamaPullBody : OllamaModelBody
{
    /// <summary>Whether the progress is streamed, one JSON object per line.</summary>
    [DefaultValue(true)]
    public bool? Stream { get; init; }

    /// <summary>Has no effect.</summary>
    public bool? Insecure { get; init; }

    /// <summary>The name that the model gets on this node. Default: the name that model implies. If the node has this model, the pull brings the files that it lacks.</summary>
    public string? ModelName { get; init; }

    /// <summary>Address of another node (http://node1:8080) that has the model and shares it. Default: a hub.</summary>
    public string? From { get; init; }

    /// <summary>API key of the other node. Default: the key of this node.</summary>
    public string? FromKey { get; init; }

    /// <summary>Text of the model's Modelfile, if the model is a path. FROM becomes the copied file.</summary>
    public string? Modelfile { get; init; }
}

/// <summary>The model whose pull ends: the name that it gets, or the name that was pulled.</summary>
internal sealed record OllamaStopPullBody : OllamaModelBody;

/// <summary>The model to copy, and the name of the copy.</summary>
internal sealed record OllamaCopyBody
{
    /// <summary>Name of the model to copy.</summary>
    public required string Source { get; init; }

    /// <summary>The name of the copy.</summary>
    public required string Destination { get; init; }
}

/// <summary>The model to rename, and its new name.</summary>
internal sealed record OllamaRenameBody
{
    /// <summary>Name of the model.</summary>
    public required string Source { get; init; }

    /// <summary>The new name.</summary>
    public required string Destination { get; init; }
}

/// <summary>Common fields of the requests that need a loaded model.</summary>
internal abstract record OllamaKeepAliveBody : OllamaModelBody
{
    /// <summary>
    /// How long the model stays loaded after the request: a number of seconds, or a duration such as "1h30m". 0 unloads it at once, a negative value keeps it
    /// loaded without limit. Default: the server's setting --keep-alive.
    /// </summary>
    [AnyOf(typeof(double), typeof(string))]
    [JsonConverter(typeof(OllamaKeepAliveConverter))]
    public TimeSpan? KeepAlive { get; init; }
}

/// <summary>Common fields of the requests that generate text.</summary>
internal abstract record OllamaGenerationBody : OllamaKeepAliveBody
{
    /// <summary>Whether the response is streamed, one JSON object per line.</summary>
    [DefaultValue(true)]
    public bool? Stream { get; init; }

    /// <summary>
    /// Output format: "json" for any JSON object, or a JSON schema. The server adds an instruction to the prompt, then repairs and validates the output. If the
    /// output is not valid, the status is 422. Default: text.
    /// </summary>
    [AnyOf(typeof(string), typeof(Dictionary<string, JsonElement>))]
    public JsonElement? Format { get; init; }

    /// <summary>
    /// Turns thinking on or off, or limits it: "low" (512 tokens), "medium" (2048 tokens), "high" or "max" (no limit). Default: ENABLE_THINKING of the
    /// Modelfile; if it is not set, the default of the chat template.
    /// </summary>
    [AnyOf(typeof(bool), typeof(string))]
    [JsonConverter(typeof(OllamaThinkConverter))]
    public ThinkingOptions? Think { get; init; }

    public OllamaOptionsBody? Options { get; init; }
}

/// <summary>A request for the next message of a conversation.</summary>
internal sealed record OllamaChatBody : OllamaGenerationBody
{
    /// <summary>
    /// The whole conversation, oldest message first. If it is empty or absent, the server only loads the model; with keep_alive 0 it unloads the model.
    /// </summary>
    public OllamaMessageBody?[]? Messages { get; init; }

    /// <summary>Functions that the model may call.</summary>
    [AnyOf(typeof(ToolBody[]))]
    public JsonElement? Tools { get; init; }

    /// <summary>
    /// none, auto (default), required, or an object that names one function. If the output does not contain a required call, the status is 422. Ollama's own
    /// API does not have this field.
    /// </summary>
    [AnyOf(typeof(string), typeof(ToolChoiceBody))]
    public JsonElement? ToolChoice { get; init; }
}

/// <summary>One message of a conversation.</summary>
internal sealed record OllamaMessageBody
{
    /// <summary>Role of the author, in any case. developer is another name for system, and function for tool.</summary>
    [AllowedValues("system", "developer", "user", "assistant", "tool", "function")]
    [IgnoreWrongType]
    public required string Role { get; init; }

    /// <summary>Text of the message: a string, or an array of text parts. Optional.</summary>
    [AnyOf(typeof(string), typeof(ContentPartBody[]))]
    public StringOrParts? Content { get; init; }

    /// <summary>
    /// In assistant messages: the thinking that the model generated before the content. It has an effect only if the model's chat template uses it.
    /// </summary>
    [IgnoreWrongType]
    public string? Thinking { get; init; }

    /// <summary>
    /// Not supported, because the server runs only text models. In the newest turn, images are an error. In older turns they are left out, and the response
    /// header X-RkLlama-Ignored names the field.
    /// </summary>
    public string?[]? Images { get; init; }

    /// <summary>In assistant messages: the tool calls of the model.</summary>
    [AnyOf(typeof(ToolCallBody[]))]
    public ToolCalls? ToolCalls { get; init; }

    /// <summary>In tool messages: name of the tool. It has an effect only if the model's chat template uses it.</summary>
    [IgnoreWrongType]
    public string? ToolName { get; init; }

    /// <summary>Older name of the field tool_name. Ignored if tool_name is present.</summary>
    public string? Name { get; init; }

    /// <summary>In tool messages: id of the tool call whose result is the content.</summary>
    [IgnoreWrongType]
    public string? ToolCallId { get; init; }
}

/// <summary>A request to generate the answer to one prompt.</summary>
internal sealed record OllamaGenerateBody : OllamaGenerationBody
{
    /// <summary>The user's text. If it is empty or absent, the server only loads the model; with keep_alive 0 it unloads the model.</summary>
    public string? Prompt { get; init; }

    /// <summary>System prompt. It replaces SYSTEM of the Modelfile. Not allowed if raw is true.</summary>
    public string? System { get; init; }

    /// <summary>Whether the prompt goes to the model as it is, without the chat template.</summary>
    [DefaultValue(false)]
    public bool? Raw { get; init; }

    /// <summary>
    /// The text after a gap. The prompt is the text before the gap and may be empty then; the output is the text of the gap. The model must have the capability
    /// insert. Empty or absent: there is no gap.
    /// </summary>
    public string? Suffix { get; init; }

    /// <summary>Not supported: must be empty or absent. The server runs only text models.</summary>
    [LengthRange(Max = 0)]
    public string?[]? Images { get; init; }

    /// <summary>Not supported: must be empty or absent. The server uses the model's own chat template, or none if raw is true.</summary>
    [LengthRange(Max = 0)]
    public string? Template { get; init; }

    /// <summary>Not supported: must be empty or absent. Send conversations to /api/chat.</summary>
    [LengthRange(Max = 0)]
    public int[]? Context { get; init; }
}

/// <summary>What the texts of a request for embeddings are for. These fields are not in Ollama.</summary>
internal abstract record OllamaInputTypeBody : OllamaKeepAliveBody
{
    /// <summary>
    /// What the texts are for, as in Cohere's and NVIDIA's APIs. EMBED_QUERY of the Modelfile applies to queries (query, search_query), EMBED_DOCUMENT to documents
    /// (document, search_document, passage). Other texts, and token ids, are embedded as they are. Default: as they are.
    /// </summary>
    [AllowedValues("query", "search_query", "document", "search_document", "passage", "classification", "clustering", "")]
    public string? InputType { get; init; }

    /// <summary>The same as input_type, as in Text Embeddings Inference.</summary>
    [AllowedValues("query", "search_query", "document", "search_document", "passage", "classification", "clustering", "")]
    public string? PromptName { get; init; }

    /// <summary>The same as input_type, as in Jina's API: retrieval.query is a query, retrieval.passage is a document.</summary>
    [AllowedValues("retrieval.query", "retrieval.passage", "text-matching", "classification", "separation", "clustering", "")]
    public string? Task { get; init; }
}

/// <summary>A request for embeddings of one or more texts.</summary>
internal sealed record OllamaEmbedBody : OllamaInputTypeBody
{
    /// <summary>One text, or several texts. Each text gets one vector. One text without tokens, such as an empty one, gets none; in an array it is an error.</summary>
    [AnyOf(typeof(string), typeof(string[]))]
    public StringOrArray? Input { get; init; }

    /// <summary>What happens with a text that exceeds the context length. true: its end is cut off. false: the status is 400.</summary>
    [DefaultValue(true)]
    public bool? Truncate { get; init; }

    /// <summary>
    /// Number of values of each vector. The vector is cut after these values and normalized to length 1 again. This is only useful for models that are
    /// trained for it. Default: all values.
    /// </summary>
    [Range(1, int.MaxValue)]
    public int? Dimensions { get; init; }
}

/// <summary>A request for the embedding of one text.</summary>
internal sealed record OllamaEmbeddingsBody : OllamaInputTypeBody
{
    /// <summary>The text. If it is empty or absent, the vector is empty.</summary>
    public string? Prompt { get; init; }
}

/// <summary>Generation options. Unknown options are ignored.</summary>
internal sealed record OllamaOptionsBody : SamplingBody
{
    /// <summary>
    /// Maximum number of output tokens, thinking included. MAX_NEW_TOKENS of the Modelfile is the default and the upper limit. It also applies if the value is
    /// 0 or negative.
    /// </summary>
    public int? NumPredict { get; init; }

    /// <summary>Stop sequences: the output ends before the first one that occurs. At most 64 sequences, and at most 16384 characters in all of them together.</summary>
    [AnyOf(typeof(string), typeof(string[]))]
    public StringOrArray? Stop { get; init; }

    /// <summary>
    /// Has no effect: the context length comes from the Modelfile and the model file. If the value differs from it, the response header X-RkLlama-Ignored names
    /// the option.
    /// </summary>
    public int? NumCtx { get; init; }

    /// <summary>Has no effect. The model file determines how the NPU is used.</summary>
    public int? NumGpu { get; init; }

    /// <summary>Has no effect. The runtime determines this value itself.</summary>
    public int? NumThread { get; init; }

    /// <summary>Has no effect. The runtime determines this value itself.</summary>
    public int? NumBatch { get; init; }
}
