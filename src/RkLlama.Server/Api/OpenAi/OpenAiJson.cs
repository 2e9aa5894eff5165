using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Server.Api.OpenAi.Chat;
using RkLlama.Server.Api.OpenAi.Completions;
using RkLlama.Server.Api.OpenAi.Conversations;
using RkLlama.Server.Api.OpenAi.Embeddings;
using RkLlama.Server.Api.OpenAi.Rerank;
using RkLlama.Server.Api.OpenAi.Responses;
using RkLlama.Server.Api.OpenAi.Stored;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>JSON metadata of the responses, stream events and errors of the OpenAI API.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(OpenAiError))]
[JsonSerializable(typeof(ChatCompletion))]
[JsonSerializable(typeof(ChatCompletionChunk), GenerationMode = JsonSourceGenerationMode.Metadata | JsonSourceGenerationMode.Serialization)]
[JsonSerializable(typeof(TextCompletion))]
[JsonSerializable(typeof(Response))]
[JsonSerializable(typeof(ResponseEvent))]
[JsonSerializable(typeof(ResponseInputTokens))]
[JsonSerializable(typeof(ResponseErrorEvent))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ModelCard))]
[JsonSerializable(typeof(ModelDeletion))]
[JsonSerializable(typeof(EmbeddingList))]
[JsonSerializable(typeof(RerankReply))]
[JsonSerializable(typeof(RerankRank[]))]
[JsonSerializable(typeof(InferenceError))]
[JsonSerializable(typeof(StoredList))]
[JsonSerializable(typeof(StoredDeletion))]
[JsonSerializable(typeof(StoredConversation))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class OpenAiJson : JsonSerializerContext
{
    internal static OpenAiJson Wire { get; } = new(WireOptions.Create());
}
