using System.Text.Json.Serialization;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Ollama;

/// <summary>JSON metadata of the responses and errors of the Ollama API.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(OllamaError))]
[JsonSerializable(typeof(OllamaChatReply), GenerationMode = JsonSourceGenerationMode.Metadata | JsonSourceGenerationMode.Serialization)]
[JsonSerializable(typeof(OllamaGenerateReply), GenerationMode = JsonSourceGenerationMode.Metadata | JsonSourceGenerationMode.Serialization)]
[JsonSerializable(typeof(OllamaModels))]
[JsonSerializable(typeof(OllamaShowReply))]
[JsonSerializable(typeof(OllamaVersion))]
[JsonSerializable(typeof(OllamaRenameReply))]
[JsonSerializable(typeof(OllamaEmbedReply))]
[JsonSerializable(typeof(OllamaPullStatus))]
[JsonSerializable(typeof(OllamaEmbeddingReply))]
internal sealed partial class OllamaJson : JsonSerializerContext
{
    internal static OllamaJson Wire { get; } = new(WireOptions.Create());
}
