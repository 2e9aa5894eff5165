using System.Text.Json;
using RkLlama.Server.Api;
using RkLlama.Server.Api.Ollama;
using RkLlama.Server.Api.OpenAi;

namespace RkLlama.Server.Http;

/// <summary>Writes an error in the form of the API that was called: OpenAI's under <c>/v1</c>, Ollama's under <c>/api</c>, the guide's elsewhere.</summary>
internal static class ErrorShape
{
    /// <summary>One JSON object, without a newline.</summary>
    internal static byte[] Serialize(PathString path, ApiException error)
    {
        if (path.StartsWithSegments("/v1"))
            return JsonSerializer.SerializeToUtf8Bytes(OpenAiError.From(error), ApiJson.Wire.OpenAiError);
        return path.StartsWithSegments("/api")
            ? JsonSerializer.SerializeToUtf8Bytes(OllamaError.From(error), ApiJson.Wire.OllamaError)
            : JsonSerializer.SerializeToUtf8Bytes(error.Reply, ApiJson.Wire.ErrorReply);
    }
}
