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
        // By hand: a name that is absent and one that is null have different messages.
        if (body.ValueKind != JsonValueKind.Object || !body.TryGetProperty("model_name", out _))
            throw ApiException.BadRequest("Please enter the name of the model to be loaded.");

        LoadModelBody fields = RkLlamaBodyJson.Reader.Read<LoadModelBody>(body);
        return new(
            fields.ModelName ?? throw ApiException.BadRequest("model_name must be a string: the name of a model as GET /models lists it."),
            fields.From,
            fields.HuggingfacePath);
    }
}
