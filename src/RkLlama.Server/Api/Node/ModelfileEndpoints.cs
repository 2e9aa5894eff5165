using RkLlama.Engine.Configuration;
using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Engine.Models.Store;
using RkLlama.Engine.Residency;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.Node;

/// <summary>The endpoints <c>GET</c> and <c>PUT /node/models/{name}/modelfile</c>.</summary>
internal static class ModelfileEndpoints
{
    internal static JsonResult<NodeModelfile> Get(string name, ModelCatalog catalog, ModelStore store, NodeOptions options) => Describe(Resolve(name, catalog), store, options);

    /// <summary>Replaces the Modelfile in one step. A loaded model keeps its values until its next load.</summary>
    internal static async Task<JsonResult<NodeModelfile>> Put(string name, HttpContext context, RequestReader reader, ModelCatalog catalog, ModelStore store, NodeOptions options)
    {
        ModelfileBody body = NodeBodyJson.Reader.Read<ModelfileBody>(await reader.ReadAsync(context).ConfigureAwait(false));
        if (body.Text is not { } text)
            throw ApiException.BadRequest("text is missing.", "text");
        if (!options.AllowsEdits)
        {
            throw new ApiException(StatusCodes.Status403Forbidden, new("This server does not let clients change Modelfiles; the operator can allow it with --allow-edit."))
            {
                Code = "edit_not_allowed",
            };
        }

        string model = Resolve(name, catalog);
        store.ReplaceModelfile(model, text);
        return Describe(model, store, options);
    }

    private static string Resolve(string name, ModelCatalog catalog) => catalog.Resolve(name) ?? throw new ModelNotFoundException(name);

    private static JsonResult<NodeModelfile> Describe(string model, ModelStore store, NodeOptions options)
    {
        string text;
        try
        {
            text = store.ReadModelfile(model);
        }
        catch (ModelException ex) when (ex.Kind == ModelErrorKind.ModelfileMissing)
        {
            throw new ApiException(StatusCodes.Status404NotFound, new($"Model '{model}' has no Modelfile."));
        }

        return new(new(model, text, options.AllowsEdits && !options.IsReadOnly, WarningsOf(text)), NodeJson.Wire.NodeModelfile);
    }

    private static IReadOnlyList<string> WarningsOf(string text)
    {
        try
        {
            return ModelfileReader.Parse(text).Warnings;
        }
        catch (ModelfileException ex)
        {
            return [ex.Message];
        }
    }
}
