using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Api.Ollama;
using RkLlama.Server.Api.OpenAi;
using RkLlama.Server.Api.RkLlama;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api;

/// <summary>Every type that goes over HTTP.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(WelcomeReply))]
[JsonSerializable(typeof(ModelsReply))]
[JsonSerializable(typeof(CurrentModelReply))]
[JsonSerializable(typeof(MessageReply))]
[JsonSerializable(typeof(ErrorReply))]
[JsonSerializable(typeof(GenerateReply))]
[JsonSerializable(typeof(OpenAiError))]
[JsonSerializable(typeof(ChatCompletion))]
[JsonSerializable(typeof(ChatCompletionChunk))]
[JsonSerializable(typeof(TextCompletion))]
[JsonSerializable(typeof(Response))]
[JsonSerializable(typeof(ResponseEvent))]
[JsonSerializable(typeof(ResponseErrorEvent))]
[JsonSerializable(typeof(NestedTool))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ModelCard))]
[JsonSerializable(typeof(EmbeddingList))]
[JsonSerializable(typeof(OllamaError))]
[JsonSerializable(typeof(OllamaChatReply))]
[JsonSerializable(typeof(OllamaGenerateReply))]
[JsonSerializable(typeof(OllamaModels))]
[JsonSerializable(typeof(OllamaShowReply))]
[JsonSerializable(typeof(OllamaVersion))]
[JsonSerializable(typeof(OllamaEmbedReply))]
[JsonSerializable(typeof(OllamaEmbeddingReply))]
internal sealed partial class ApiJson : JsonSerializerContext
{
    /// <summary>Text goes out as it is, not as <c>\u</c> escapes; the answers are JSON, never parts of a web page.</summary>
    internal static ApiJson Wire { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
