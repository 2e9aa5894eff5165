using System.Text.Json;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.RkLlama;

/// <summary>
/// The parsed and checked body of <c>POST /load_model</c>. Some clients of the Python service rkllama also send <c>from</c> and <c>huggingface_path</c>. The
/// server uses these two only if the model's directory has no Modelfile.
/// </summary>
internal sealed record LoadModelRequest(string ModelName, string? From, string? HuggingFacePath)
{
    /// <exception cref="ApiException">Status 400: <c>model_name</c> is missing or is not a string.</exception>
    internal static LoadModelRequest Parse(JsonElement body)
    {
        // This check is not left to the body reader, because an absent name and a null name have different error messages.
        if (body.ValueKind != JsonValueKind.Object || !body.TryGetProperty("model_name", out _))
            throw ApiException.BadRequest("Please enter the name of the model to be loaded.");

        LoadModelBody fields = RkLlamaBodyJson.Reader.Read<LoadModelBody>(body);
        return new(
            fields.ModelName ?? throw ApiException.BadRequest("model_name must be a string: the name of a model as GET /models lists it."),
            fields.From,
            fields.HuggingfacePath);
    }
}
