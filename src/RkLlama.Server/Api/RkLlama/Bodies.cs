using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.RkLlama;

/// <summary>A request to load a model.</summary>
internal sealed record LoadModelBody
{
    /// <summary>Name of a model from GET /models.</summary>
    [IgnoreWrongType]
    public required string ModelName { get; init; }

    /// <summary>Name of the .rkllm file in the model's directory. Used only if the directory has no Modelfile.</summary>
    [IgnoreWrongType]
    public string? From { get; init; }

    /// <summary>
    /// Hugging Face repository of the tokenizer. Used only if the request also has the field "from" and the model's directory has no Modelfile.
    /// </summary>
    [IgnoreWrongType]
    public string? HuggingfacePath { get; init; }
}

/// <summary>A request for the next message of a conversation. Unknown fields are ignored. A null field counts as absent.</summary>
internal sealed record GenerateBody
{
    /// <summary>The whole conversation, oldest message first.</summary>
    [LengthRange(Min = 1)]
    public required MessageBody?[] Messages { get; init; }

    /// <summary>Whether the response is streamed, one JSON object per line. 1 is true, 0 is false. Default: false.</summary>
    [AnyOf(typeof(bool), typeof(int))]
    [JsonConverter(typeof(BooleanOrNumberConverter))]
    public bool? Stream { get; init; }

    /// <summary>
    /// Functions that the model may call. The chat template defines their format. The server does not parse tool calls in the output: they stay in the content.
    /// </summary>
    // Stays JSON, because the chat template gets it.
    [AnyOf(typeof(Dictionary<string, JsonElement>[]))]
    public JsonElement? Tools { get; init; }

    /// <summary>Turns thinking on or off. Default: ENABLE_THINKING of the Modelfile; if it is not set, the default of the chat template.</summary>
    public bool? EnableThinking { get; init; }
}
