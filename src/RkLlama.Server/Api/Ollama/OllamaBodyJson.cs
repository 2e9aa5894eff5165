using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.Api.Common.Messages;
using RkLlama.Server.Api.Common.Tools;
using RkLlama.Server.Api.Ollama.Models;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Ollama;

/// <summary>JSON metadata of the request bodies, for <see cref="BodyReader"/> and for the OpenAPI document.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(OllamaChatBody))]
[JsonSerializable(typeof(OllamaGenerateBody))]
[JsonSerializable(typeof(OllamaEmbedBody))]
[JsonSerializable(typeof(OllamaEmbeddingsBody))]
[JsonSerializable(typeof(OllamaShowBody))]
[JsonSerializable(typeof(OllamaCopyBody))]
[JsonSerializable(typeof(OllamaRenameBody))]
[JsonSerializable(typeof(OllamaDeleteBody))]
[JsonSerializable(typeof(OllamaPullBody))]
[JsonSerializable(typeof(OllamaStopPullBody))]
[JsonSerializable(typeof(OllamaCreateBody))]
[JsonSerializable(typeof(ContentPartBody[]))]
[JsonSerializable(typeof(ToolCallBody[]))]
[JsonSerializable(typeof(ToolBody[]))]
[JsonSerializable(typeof(ToolChoiceBody))]
[JsonSerializable(typeof(bool))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(double))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(Dictionary<string, JsonElement>))]
internal sealed partial class OllamaBodyJson : JsonSerializerContext, IRequestBodyJson
{
    internal static BodyReader Reader { get; } = new(new OllamaBodyJson(), [.. MessageConverters.All, new ObjectItemsConverter<OllamaMessageBody>()]);
}
