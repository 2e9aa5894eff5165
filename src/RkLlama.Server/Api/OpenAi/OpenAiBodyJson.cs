using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.Api.Common.Messages;
using RkLlama.Server.Api.Common.Tools;
using RkLlama.Server.Api.OpenAi.Chat;
using RkLlama.Server.Api.OpenAi.Completions;
using RkLlama.Server.Api.OpenAi.Conversations;
using RkLlama.Server.Api.OpenAi.Embeddings;
using RkLlama.Server.Api.OpenAi.Rerank;
using RkLlama.Server.Api.OpenAi.Responses;
using RkLlama.Server.Api.OpenAi.Stored;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>JSON metadata of the request bodies, for <see cref="BodyReader"/> and for the OpenAPI document.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ChatCompletionBody))]
[JsonSerializable(typeof(TextCompletionBody))]
[JsonSerializable(typeof(ResponsesBody))]
[JsonSerializable(typeof(EmbeddingsBody))]
[JsonSerializable(typeof(RerankBody))]
[JsonSerializable(typeof(MetadataBody))]
[JsonSerializable(typeof(ConversationBody))]
[JsonSerializable(typeof(ConversationItemsBody))]
[JsonSerializable(typeof(JsonElement[]))]
[JsonSerializable(typeof(JsonSchemaBody))]
[JsonSerializable(typeof(ContentPartBody[]))]
[JsonSerializable(typeof(ToolCallBody[]))]
[JsonSerializable(typeof(ToolBody[]))]
[JsonSerializable(typeof(ToolChoiceBody))]
[JsonSerializable(typeof(ResponseItemBody[]))]
[JsonSerializable(typeof(ResponseToolBody[]))]
[JsonSerializable(typeof(ResponseToolChoiceBody))]
[JsonSerializable(typeof(ResponseTextFormatBody))]
[JsonSerializable(typeof(bool))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(int[]))]
[JsonSerializable(typeof(int[][]))]
[JsonSerializable(typeof(Dictionary<string, JsonElement>[]))]
[JsonSerializable(typeof(Dictionary<string, JsonElement>))]
internal sealed partial class OpenAiBodyJson : JsonSerializerContext, IRequestBodyJson
{
    internal static BodyReader Reader { get; } = new(new OpenAiBodyJson(), MessageConverters.All);
}
