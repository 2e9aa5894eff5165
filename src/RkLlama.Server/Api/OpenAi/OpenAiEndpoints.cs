using RkLlama.Engine.Models;
using RkLlama.Engine.Residency;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>The OpenAI API, as far as a text model on this runtime can serve it.</summary>
internal static class OpenAiEndpoints
{
    internal static void MapOpenAi(this IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/models", ListModels);

        // Names have slashes, and clients send them as they are or escaped.
        app.MapGet("/v1/models/{**id}", GetModel);
        app.MapPost("/v1/chat/completions", ChatCompletions.Create);
        app.MapPost("/v1/completions", TextCompletions.Create);
        app.MapPost("/v1/responses", Responses.Create);
        app.MapPost("/v1/embeddings", Embeddings.Create);
    }

    private static JsonAnswer<ModelList> ListModels(ModelCatalog catalog, ModelHost host)
    {
        try
        {
            return new(new("list", [.. catalog.List().Select(name => Card(catalog, host, name))]), ApiJson.Wire.ModelList);
        }
        catch (ModelException ex)
        {
            throw new ApiException(StatusCodes.Status500InternalServerError, new(ex.Message));
        }
    }

    private static JsonAnswer<ModelCard> GetModel(string id, ModelCatalog catalog, ModelHost host)
    {
        // Kestrel has decoded all but the slash.
        string requested = id.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        string name = catalog.Resolve(requested) ?? throw new ModelNotFoundException(requested);
        return new(Card(catalog, host, name), ApiJson.Wire.ModelCard);
    }

    private static ModelCard Card(ModelCatalog catalog, ModelHost host, string name)
    {
        ModelFileInfo facts = ModelFileInfo.Read(catalog, name);
        int? context = host.Current is { Keeper.Facts: { } loaded } current && current.Name == name ? loaded.MaxContextLength : facts.Modelfile?.NumCtx;
        return new(name, "model", facts.Modified.ToUnixTimeSeconds(), "rkllm", context);
    }
}
