using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace RkLlama.Engine.Diagnostics;

/// <summary>JSON serialization of the replies of <c>/health</c>, <c>/ready</c> and <c>/npu</c>, for the server and the command-line tools.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(HealthReply))]
[JsonSerializable(typeof(ReadyReply))]
[JsonSerializable(typeof(NpuReply))]
internal sealed partial class StatusJson : JsonSerializerContext
{
    /// <summary>The instance to use. Writes most characters without <c>\u</c> escapes, which is safe because the output is never part of a web page.</summary>
    internal static StatusJson Wire { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
