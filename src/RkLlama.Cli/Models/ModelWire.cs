using System.Text.Json;
using System.Text.Json.Serialization;

namespace RkLlama.Cli.Models;

/// <summary>Body of <c>POST /api/show</c> and <c>DELETE /api/delete</c>.</summary>
internal sealed record ModelBody(string Model);

/// <summary>Body of <c>POST /load_model</c>.</summary>
internal sealed record LoadBody(string ModelName);

/// <summary>Body of <c>POST /unload_model</c>: an empty object.</summary>
internal sealed record UnloadBody;

/// <summary>Body of <c>POST /api/generate</c> without a prompt: loads the model, or unloads it if <paramref name="KeepAlive"/> is 0.</summary>
/// <param name="KeepAlive">A number of seconds or a text such as <c>5m</c>; absent for the default of the node.</param>
internal sealed record KeepAliveBody(string Model, JsonElement? KeepAlive, bool Stream = false);

/// <summary>Body of <c>POST /api/copy</c>.</summary>
internal sealed record CopyBody(string Source, string Destination);

/// <summary>Body of <c>POST /api/pull</c>.</summary>
internal sealed record PullBody(string Model, bool Stream = true)
{
    /// <summary>The name that the model gets; absent for the one that the source implies.</summary>
    public string? ModelName { get; init; }

    /// <summary>The address of another node; absent for a hub or a path.</summary>
    public string? From { get; init; }

    /// <summary>The API key of the other node; absent for none, or for the key of the node that pulls if its settings name the other node.</summary>
    public string? FromKey { get; init; }

    /// <summary>The text of the Modelfile, if the model is a path.</summary>
    public string? Modelfile { get; init; }
}

/// <summary>Body of <c>POST /api/create</c>.</summary>
internal sealed record CreateBody(string Model)
{
    public string? From { get; init; }

    public string? System { get; init; }

    public string? Template { get; init; }

    public string? License { get; init; }

    public Dictionary<string, JsonElement>? Parameters { get; init; }

    public CreateMessage[]? Messages { get; init; }

    /// <summary>The whole text of the Modelfile, for the keys that the other fields do not have.</summary>
    public string? Modelfile { get; init; }

    public bool Stream { get; init; } = true;
}

/// <summary>A message of the conversation that a new model begins with.</summary>
internal sealed record CreateMessage(string Role, string Content);

/// <summary>JSON metadata of the requests.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ModelBody))]
[JsonSerializable(typeof(LoadBody))]
[JsonSerializable(typeof(UnloadBody))]
[JsonSerializable(typeof(KeepAliveBody))]
[JsonSerializable(typeof(CopyBody))]
[JsonSerializable(typeof(PullBody))]
[JsonSerializable(typeof(CreateBody))]
internal sealed partial class ModelJson : JsonSerializerContext;
