using System.Text.Encodings.Web;
using System.Text.Json;

namespace RkLlama.Server.Http;

internal static class WireOptions
{
    /// <summary>
    /// Creates the options for JSON responses: property names in snake case, and text without unnecessary <c>\u</c> escapes. The default would also escape
    /// characters that have a meaning in HTML, but a response is never part of a web page.
    /// </summary>
    internal static JsonSerializerOptions Create() => new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
