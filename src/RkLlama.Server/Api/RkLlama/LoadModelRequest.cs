using System.Text.Json;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.RkLlama;

/// <summary>
/// The body of <c>POST /load_model</c>. <c>from</c> and <c>huggingface_path</c> are what some clients of the Python service send along; they
/// stand in for a Modelfile that is not there.
/// </summary>
internal sealed record LoadModelRequest(string ModelName, string? From, string? HuggingFacePath)
{
    /// <summary><paramref name="body"/> parsed.</summary>
    /// <exception cref="ApiException">Status 400, with what to change.</exception>
    internal static LoadModelRequest Parse(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object || !body.TryGetProperty("model_name", out JsonElement name))
            throw ApiException.BadRequest("Please enter the name of the model to be loaded.");
        if (name.ValueKind != JsonValueKind.String)
            throw ApiException.BadRequest("model_name must be a string: the name of a model as GET /models lists it.");

        return new(name.GetString()!, Text(body, "from"), Text(body, "huggingface_path"));
    }

    private static string? Text(JsonElement body, string key) =>
        body.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : null;
}
