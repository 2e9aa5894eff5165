using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.Api.Common.Messages;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.RkLlama;

/// <summary>JSON metadata of the request bodies, for <see cref="BodyReader"/> and for the OpenAPI document.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LoadModelBody))]
[JsonSerializable(typeof(GenerateBody))]
[JsonSerializable(typeof(PullBody))]
[JsonSerializable(typeof(RemoveBody))]
[JsonSerializable(typeof(ContentPartBody[]))]
[JsonSerializable(typeof(ToolCallBody[]))]
[JsonSerializable(typeof(bool))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(Dictionary<string, JsonElement>[]))]
internal sealed partial class RkLlamaBodyJson : JsonSerializerContext, IRequestBodyJson
{
    internal static BodyReader Reader { get; } = new(new RkLlamaBodyJson(), MessageConverters.All);
}
