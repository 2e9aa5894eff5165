using System.Text.Json.Serialization;

namespace RkLlama.Server.Http.Errors;

/// <summary>JSON metadata of the errors of the RkLlama API.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ErrorReply))]
internal sealed partial class ErrorJson : JsonSerializerContext
{
    internal static ErrorJson Wire { get; } = new(WireOptions.Create());
}
