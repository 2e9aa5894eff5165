using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Api.Ollama;
using RkLlama.Server.Api.OpenAi;
using RkLlama.Server.Api.RkLlama;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api;

/// <summary>
/// The bodies of requests: the OpenAPI document describes these records, and <see cref="BodyReader"/> reads requests into them. Unions of types, and values
/// that go on as they came, are <see cref="JsonElement"/> or have a converter, with their types in an <see cref="AnyOfAttribute"/>.
/// </summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LoadModelBody))]
[JsonSerializable(typeof(GenerateBody))]
[JsonSerializable(typeof(ChatCompletionBody))]
[JsonSerializable(typeof(TextCompletionBody))]
[JsonSerializable(typeof(ResponsesBody))]
[JsonSerializable(typeof(EmbeddingsBody))]
[JsonSerializable(typeof(OllamaChatBody))]
[JsonSerializable(typeof(OllamaGenerateBody))]
[JsonSerializable(typeof(OllamaEmbedBody))]
[JsonSerializable(typeof(OllamaEmbeddingsBody))]
[JsonSerializable(typeof(OllamaShowBody))]
[JsonSerializable(typeof(OllamaCopyBody))]
[JsonSerializable(typeof(OllamaDeleteBody))]
[JsonSerializable(typeof(bool))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(long))]
[JsonSerializable(typeof(double))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(float[]))]
[JsonSerializable(typeof(ContentPartBody[]))]
[JsonSerializable(typeof(ToolCallBody[]))]
[JsonSerializable(typeof(ToolBody[]))]
[JsonSerializable(typeof(ToolChoiceBody))]
[JsonSerializable(typeof(JsonSchemaBody))]
[JsonSerializable(typeof(ResponseToolBody[]))]
[JsonSerializable(typeof(ResponseTextFormatBody))]
[JsonSerializable(typeof(ResponseToolChoiceBody))]
[JsonSerializable(typeof(ResponseItemBody[]))]
[JsonSerializable(typeof(Dictionary<string, JsonElement>))]
[JsonSerializable(typeof(Dictionary<string, JsonElement>[]))]
internal sealed partial class BodyJson : JsonSerializerContext, IRequestBodyJson;
