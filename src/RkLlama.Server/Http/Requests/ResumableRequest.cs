using RkLlama.Engine.Configuration;

namespace RkLlama.Server.Http.Requests;

/// <summary>The request header that makes a stream resumable. Its value is an id that the client chooses, as for llama-server.</summary>
internal static class ResumableRequest
{
    internal const string Header = "X-Conversation-Id";

    private const int MaxIdLength = 256;

    /// <summary>Returns the id that the client gave; <see langword="null"/> if it asks for no resumable stream, or the node has none.</summary>
    internal static string? IdOf(HttpContext context) =>
        context.Request.Headers[Header] is [{ Length: > 0 and <= MaxIdLength } id] && context.RequestServices.GetRequiredService<NodeOptions>().Linger > TimeSpan.Zero ? id : null;
}
