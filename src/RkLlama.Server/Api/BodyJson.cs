using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Api.Ollama;
using RkLlama.Server.Api.OpenAi;
using RkLlama.Server.Api.RkLlama;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api;

/// <summary>
/// The bodies of requests as the OpenAPI document describes them. Nothing is ever read into these records: the readers beside them go through the JSON
/// by hand, because a wrong field has to be told by its name. A test sends every field of the document with a wrong value to a server, so the two agree.
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
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(float[]))]
[JsonSerializable(typeof(ContentPartBody[]))]
[JsonSerializable(typeof(ToolChoiceBody))]
[JsonSerializable(typeof(ResponseToolChoiceBody))]
[JsonSerializable(typeof(ResponseItemBody[]))]
[JsonSerializable(typeof(Dictionary<string, JsonElement>))]
internal sealed partial class BodyJson : JsonSerializerContext, IRequestBodyJson;
