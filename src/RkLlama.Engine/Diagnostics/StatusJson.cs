using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace RkLlama.Engine.Diagnostics;

/// <summary>The JSON of <c>/health</c>, <c>/ready</c> and <c>/npu</c>. The server writes it and the command-line tools read it.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(HealthReply))]
[JsonSerializable(typeof(ReadyReply))]
[JsonSerializable(typeof(NpuReply))]
internal sealed partial class StatusJson : JsonSerializerContext
{
    /// <summary>Writes most characters without <c>\u</c> escapes. This is safe because the output is never part of a web page.</summary>
    internal static StatusJson Wire { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
