using System.Globalization;
using RkLlama.Engine.Models;
using RkLlama.Engine.Residency;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.Anthropic;

/// <summary>The endpoints <c>GET /v1/models</c> and <c>GET /v1/models/{id}</c> for clients of the Anthropic API.</summary>
internal static class AnthropicModels
{
    internal static JsonResult<AnthropicModelList> List(ModelCatalog catalog, ModelHost host)
    {
        AnthropicModel[] models = [.. catalog.Describe().Select(file => Of(file, host))];
        return new(new(models, HasMore: false, models.FirstOrDefault()?.Id, models.LastOrDefault()?.Id), AnthropicJson.Wire.AnthropicModelList);
    }

    internal static JsonResult<AnthropicModel> Get(string id, string? rest, ModelCatalog catalog, ModelHost host)
    {
        string requested = RequestedModel.InPath(id, rest);
        string name = catalog.Resolve(requested) ?? throw new ModelNotFoundException(requested);
        return new(Of(ModelFileInfo.Read(catalog, name), host), AnthropicJson.Wire.AnthropicModel);
    }

    private static AnthropicModel Of(ModelFileInfo file, ModelHost host)
    {
        ModelInstance? resident = host.FindResident(file.Name);
        return new(
            "model",
            file.Name,
            file.Name,
            file.Modified.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            resident?.Facts?.MaxContextLength ?? file.Modelfile?.NumCtx,
            resident?.Facts?.MaxNewTokens ?? file.Modelfile?.MaxNewTokens);
    }
}

/// <summary>Response of <c>GET /v1/models</c>. It has all models on one page.</summary>
internal sealed record AnthropicModelList(AnthropicModel[] Data, bool HasMore, string? FirstId, string? LastId);

/// <summary>One model.</summary>
/// <param name="CreatedAt">Time of the last change of the model file, RFC 3339.</param>
/// <param name="MaxInputTokens">Context length in tokens. If the model is not loaded, the value of NUM_CTX in the Modelfile; null if the Modelfile does not set it.</param>
/// <param name="MaxTokens">Maximum number of output tokens. If the model is not loaded, the value of MAX_NEW_TOKENS in the Modelfile; null if the Modelfile does not set it.</param>
internal sealed record AnthropicModel(string Type, string Id, string DisplayName, string CreatedAt, int? MaxInputTokens, int? MaxTokens);
