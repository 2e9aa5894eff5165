using System.Text.Json.Serialization;
using RkLlama.Server.Api.LlamaServer.Infill;
using RkLlama.Server.Api.LlamaServer.Streams;
using RkLlama.Server.Api.LlamaServer.Tokens;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.LlamaServer;

/// <summary>JSON metadata of the responses, stream events and errors of <see cref="LlamaServerApi"/>.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LlamaServerError))]
[JsonSerializable(typeof(TokenizeReply))]
[JsonSerializable(typeof(TokenPiece[]))]
[JsonSerializable(typeof(DetokenizeReply))]
[JsonSerializable(typeof(ApplyTemplateReply))]
[JsonSerializable(typeof(PropsReply))]
[JsonSerializable(typeof(SlotReply[]))]
[JsonSerializable(typeof(InfillReply))]
[JsonSerializable(typeof(StreamReply[]))]
internal sealed partial class LlamaServerJson : JsonSerializerContext
{
    internal static LlamaServerJson Wire { get; } = new(WireOptions.Create());
}
