using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.Api.Common.Messages;
using RkLlama.Server.Api.LlamaServer.Infill;
using RkLlama.Server.Api.LlamaServer.Streams;
using RkLlama.Server.Api.LlamaServer.Tokens;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.LlamaServer;

/// <summary>JSON metadata of the request bodies, for <see cref="BodyReader"/> and for the OpenAPI document.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(TokenizeBody))]
[JsonSerializable(typeof(DetokenizeBody))]
[JsonSerializable(typeof(InfillBody))]
[JsonSerializable(typeof(StreamLookupBody))]
[JsonSerializable(typeof(ContentPartBody[]))]
[JsonSerializable(typeof(ToolCallBody[]))]
[JsonSerializable(typeof(Dictionary<string, JsonElement>))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(int[]))]
[JsonSerializable(typeof(bool))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(long))]
[JsonSerializable(typeof(double))]
internal sealed partial class LlamaServerBodyJson : JsonSerializerContext, IRequestBodyJson
{
    internal static BodyReader Reader { get; } = new(new LlamaServerBodyJson(), [.. MessageConverters.All, new ObjectItemsConverter<InfillExtraBody>()]);
}
