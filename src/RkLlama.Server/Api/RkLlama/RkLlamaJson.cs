using System.Text.Json.Serialization;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.RkLlama;

/// <summary>JSON metadata of the responses of the RkLlama API: see <see cref="RkLlamaApi"/>.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(WelcomeReply))]
[JsonSerializable(typeof(ModelsReply))]
[JsonSerializable(typeof(SharedFilesReply))]
[JsonSerializable(typeof(CurrentModelReply))]
[JsonSerializable(typeof(MessageReply))]
[JsonSerializable(typeof(GenerateReply), GenerationMode = JsonSourceGenerationMode.Metadata | JsonSourceGenerationMode.Serialization)]
internal sealed partial class RkLlamaJson : JsonSerializerContext
{
    internal static RkLlamaJson Wire { get; } = new(WireOptions.Create());
}
