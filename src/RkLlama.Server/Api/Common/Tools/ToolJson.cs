using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Common.Tools;

/// <summary>JSON metadata of types that several APIs serialize.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(NestedTool))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(JsonElement[]))]
internal sealed partial class ToolJson : JsonSerializerContext
{
    internal static ToolJson Wire { get; } = new(WireOptions.Create());
}
