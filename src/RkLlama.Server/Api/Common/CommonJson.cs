using System.Text.Json.Serialization;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Common;

/// <summary>JSON metadata of types that several APIs serialize.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(NestedTool))]
internal sealed partial class CommonJson : JsonSerializerContext
{
    internal static CommonJson Wire { get; } = new(WireOptions.Create());
}
