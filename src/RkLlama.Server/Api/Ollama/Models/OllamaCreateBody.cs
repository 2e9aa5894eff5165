using System.ComponentModel;
using System.Text.Json;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Ollama.Models;

/// <summary>A new model, which is made of another one. If there is a model with the new name, the new one replaces it.</summary>
internal sealed record OllamaCreateBody : OllamaModelBody
{
    /// <summary>The model to make it of. If the node does not have it, the node downloads it first. Default: FROM of the field modelfile.</summary>
    public string? From { get; init; }

    /// <summary>
    /// The text of a Modelfile, in any of its syntaxes, as older clients send it. The other fields have priority.
    /// </summary>
    public string? Modelfile { get; init; }

    /// <summary>The system prompt. An empty text removes that of the other model.</summary>
    public string? System { get; init; }

    /// <summary>The chat template: Jinja text, or the name of a built-in template. A Go template of Ollama is ignored.</summary>
    public string? Template { get; init; }

    /// <summary>The license, or several.</summary>
    [AnyOf(typeof(string), typeof(string[]))]
    public StringOrArray? License { get; init; }

    /// <summary>Parameters of Ollama's Modelfile, such as num_ctx, temperature and stop. Those that the runtime does not have are ignored.</summary>
    public Dictionary<string, JsonElement>? Parameters { get; init; }

    /// <summary>The messages with which each conversation begins: role system, user or assistant, and a text.</summary>
    public OllamaMessageBody?[]? Messages { get; init; }

    /// <summary>Whether the progress is streamed, one JSON object per line.</summary>
    [DefaultValue(true)]
    public bool? Stream { get; init; }

    /// <summary>Not supported: must be empty or absent. A model is made of another one of the node.</summary>
    public Dictionary<string, JsonElement>? Files { get; init; }

    /// <summary>Not supported: must be empty or absent. The runtime cannot apply an adapter to a converted model.</summary>
    public Dictionary<string, JsonElement>? Adapters { get; init; }

    /// <summary>Not supported: must be empty or absent. A converted model has its quantization.</summary>
    [LengthRange(Max = 0)]
    public string? Quantize { get; init; }
}
