using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Server.Api.Common;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.RkLlama;

/// <summary>The model to load.</summary>
internal sealed record LoadModelBody
{
    /// <summary>A model as GET /models lists it.</summary>
    [Tolerant]
    public required string ModelName { get; init; }

    /// <summary>The model file, where there is no Modelfile to name it.</summary>
    [Tolerant]
    public string? From { get; init; }

    /// <summary>Where the model comes from, where there is no Modelfile to say it.</summary>
    [Tolerant]
    public string? HuggingfacePath { get; init; }
}

/// <summary>A conversation to continue. Other fields are ignored.</summary>
internal sealed record GenerateBody
{
    /// <summary>The whole conversation, the oldest message first.</summary>
    [Count(Min = 1)]
    public required MessageBody?[] Messages { get; init; }

    /// <summary>Whether the answer comes as one JSON object per line. 0 and 1 are false and true.</summary>
    [AnyOf(typeof(bool), typeof(int))]
    [JsonConverter(typeof(FlagOrNumberConverter))]
    public bool? Stream { get; init; }

    /// <summary>Functions that the model may call, as the chat template wants them.</summary>
    // JSON as it came: chat templates get it so.
    [AnyOf(typeof(Dictionary<string, JsonElement>[]))]
    public JsonElement? Tools { get; init; }

    /// <summary>Whether the model shall think first; by default its chat template decides.</summary>
    public bool? EnableThinking { get; init; }
}
