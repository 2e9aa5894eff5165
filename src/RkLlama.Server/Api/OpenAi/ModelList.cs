using System.Text.Json.Serialization;

namespace RkLlama.Server.Api.OpenAi;

/// <summary><c>GET /v1/models</c>.</summary>
internal sealed record ModelList(string Object, ModelCard[] Data);

/// <summary><c>GET /v1/models/{id}</c>.</summary>
/// <param name="Created">When the model file was last written, in seconds of Unix time.</param>
/// <param name="MaxModelLen">Its context length in tokens, where the Modelfile or the runtime says it.</param>
internal sealed record ModelCard(
    string Id, string Object, long Created, string OwnedBy, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? MaxModelLen);
