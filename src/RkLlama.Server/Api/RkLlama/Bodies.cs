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

    /// <summary>Name of the .rkllm file in the model's directory. Only used if the directory has no Modelfile.</summary>
    [IgnoreWrongType]
    public string? From { get; init; }

    /// <summary>Hugging Face repository of the tokenizer. Only used if the directory has no Modelfile.</summary>
    [IgnoreWrongType]
    public string? HuggingfacePath { get; init; }
}

/// <summary>A request for the next message of a conversation. Unknown fields are ignored.</summary>
internal sealed record GenerateBody
{
    /// <summary>The whole conversation, oldest message first.</summary>
    [LengthRange(Min = 1)]
    public required MessageBody?[] Messages { get; init; }

    /// <summary>Whether the response is streamed, one JSON object per line. 1 is true, 0 is false. Default: false.</summary>
    [AnyOf(typeof(bool), typeof(int))]
    [JsonConverter(typeof(BooleanOrNumberConverter))]
    public bool? Stream { get; init; }

    /// <summary>Functions for the chat template, in the form that it expects. Tool calls in the output are not parsed: they stay in the content.</summary>
    // Kept as JSON, because it goes into the chat template.
    [AnyOf(typeof(Dictionary<string, JsonElement>[]))]
    public JsonElement? Tools { get; init; }

    /// <summary>Turns thinking on or off. Default: ENABLE_THINKING of the Modelfile, or else the default of the chat template.</summary>
    public bool? EnableThinking { get; init; }
}
