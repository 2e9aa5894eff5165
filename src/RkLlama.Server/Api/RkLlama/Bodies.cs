using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.Api.Common.Messages;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.RkLlama;

/// <summary>A request to load a model.</summary>
internal sealed record LoadModelBody
{
    /// <summary>Name of a model from GET /models. The tag :latest may be added. An exact match comes before one that differs in case.</summary>
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

/// <summary>A request to download a model.</summary>
internal sealed record PullBody
{
    /// <summary>
    /// The model: owner/repository/file.rkllm, owner/repository, or a short name. Together with from: its name on the other node. From clients on the node's own
    /// machine also the absolute path of an .rkllm file or of a model's directory.
    /// </summary>
    public required string Model { get; init; }

    /// <summary>The name that the model gets on the node. Default: the name of the file or of the repository.</summary>
    public string? ModelName { get; init; }

    /// <summary>Address of another node (http://node1:8080) that has the model and shares it. Default: a hub.</summary>
    public string? From { get; init; }

    /// <summary>API key of the other node. Default: the key of this node.</summary>
    public string? FromKey { get; init; }

    /// <summary>Text of the model's Modelfile, if the model is a path. FROM becomes the copied file.</summary>
    public string? Modelfile { get; init; }
}

/// <summary>A request to delete a model.</summary>
internal sealed record RemoveBody
{
    /// <summary>Name of a model from GET /models.</summary>
    public string? Model { get; init; }

    /// <summary>The same as model.</summary>
    public string? ModelName { get; init; }
}
