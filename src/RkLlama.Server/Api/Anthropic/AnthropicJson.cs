using System.Text.Json.Serialization;
using RkLlama.Server.Api.Anthropic.Messages;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Anthropic;

/// <summary>JSON metadata of the responses, stream events and errors of the Anthropic API.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(AnthropicError))]
[JsonSerializable(typeof(AnthropicMessage))]
[JsonSerializable(typeof(AnthropicEvent))]
[JsonSerializable(typeof(AnthropicBlockDelta))]
[JsonSerializable(typeof(AnthropicMessageDelta))]
[JsonSerializable(typeof(AnthropicTokenCount))]
[JsonSerializable(typeof(AnthropicModelList))]
[JsonSerializable(typeof(AnthropicModel))]
internal sealed partial class AnthropicJson : JsonSerializerContext
{
    internal static AnthropicJson Wire { get; } = new(WireOptions.Create());
}
