using System.Text.Json.Serialization;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Node;

/// <summary>A new text of a Modelfile.</summary>
internal sealed record ModelfileBody
{
    /// <summary>The whole text. The server checks it before it replaces the old one.</summary>
    public required string Text { get; init; }
}

/// <summary>A request to download a model in the background.</summary>
internal sealed record NodePullBody
{
    /// <summary>The model: a short name, owner/repository, owner/repository/file.rkllm, or the address of a model on another node.</summary>
    public required string Model { get; init; }

    /// <summary>The name that the model gets on the node. Default: the name that the request implies.</summary>
    public string? Name { get; init; }
}

/// <summary>JSON metadata of the request bodies, for <see cref="BodyReader"/> and for the OpenAPI document.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ModelfileBody))]
[JsonSerializable(typeof(NodePullBody))]
internal sealed partial class NodeBodyJson : JsonSerializerContext, IRequestBodyJson
{
    internal static BodyReader Reader { get; } = new(new NodeBodyJson());
}
