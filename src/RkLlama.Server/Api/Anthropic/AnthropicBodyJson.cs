using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Server.Api.Anthropic.Messages;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Anthropic;

/// <summary>JSON metadata of the request bodies, for <see cref="BodyReader"/> and for the OpenAPI document.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(MessagesBody))]
[JsonSerializable(typeof(AnthropicBlockBody[]))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(Dictionary<string, JsonElement>))]
[JsonSerializable(typeof(Dictionary<string, JsonElement>[]))]
[JsonSerializable(typeof(bool))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(long))]
[JsonSerializable(typeof(double))]
internal sealed partial class AnthropicBodyJson : JsonSerializerContext, IRequestBodyJson
{
    internal static BodyReader Reader { get; } = new(new AnthropicBodyJson(), new ObjectItemsConverter<AnthropicMessageBody>(), new ObjectItemsConverter<AnthropicToolBody>());
}
