using RkLlama.Engine.Models;
using RkLlama.Engine.Residency;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.Node;

/// <summary>The endpoint <c>GET /node/models</c>: all models, also broken ones, which the lists of the other APIs do not have, so that they can be repaired.</summary>
internal static class ModelListEndpoint
{
    internal static JsonResult<NodeModelList> Get(ModelCatalog catalog)
    {
        Dictionary<string, ModelFileInfo> whole = catalog.Describe().ToDictionary(static model => model.Name, StringComparer.Ordinal);
        return new(new([.. catalog.ListAll().Select(name => Describe(name, whole.GetValueOrDefault(name), catalog))]), NodeJson.Wire.NodeModelList);
    }

    private static NodeListedModel Describe(string name, ModelFileInfo? whole, ModelCatalog catalog) => whole is { Modelfile: { } modelfile }
        ? new(name, ModelRoles.Of(name, modelfile).ToWire(), whole.Size, null)
        : new(name, null, whole?.Size, FindProblem(name, catalog));

    private static string? FindProblem(string name, ModelCatalog catalog)
    {
        try
        {
            return ModelFileCheck.FindProblem(catalog.Find(name).ModelPath);
        }
        catch (ModelException ex)
        {
            return ex.Message;
        }
    }
}
