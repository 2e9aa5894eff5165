using System.Text.Encodings.Web;
using System.Text.Json;

namespace RkLlama.Server.Http;

internal static class WireOptions
{
    /// <summary>Property names in snake case. Characters are not written as <c>\u</c> escapes, because the output is never part of a web page.</summary>
    internal static JsonSerializerOptions Create() => new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
