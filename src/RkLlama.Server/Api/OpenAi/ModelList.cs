using System.Text.Json.Serialization;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>Response of <c>GET /v1/models</c>.</summary>
internal sealed record ModelList(string Object, ModelCard[] Data);

/// <summary>One model. Also the response of <c>GET /v1/models/{id}</c>.</summary>
/// <param name="Created">Time of the last change of the model file, Unix time in seconds.</param>
/// <param name="MaxModelLen">
/// Context length in tokens. If the model is not loaded, the value of NUM_CTX in the Modelfile; absent if the Modelfile does not set it.
/// </param>
internal sealed record ModelCard(
    string Id, string Object, long Created, string OwnedBy, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? MaxModelLen);

/// <summary>Response of <c>DELETE /v1/models/{id}</c>.</summary>
/// <param name="Deleted">Always true.</param>
internal sealed record ModelDeletion(string Id, string Object, bool Deleted);
