using RkLlama.Engine.Residency;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.Common.Options;

/// <summary>Chooses the model of a request that need not name one.</summary>
internal static class RequestedModel
{
    /// <summary>Returns the name of the model that answers: the model of the request, or the loaded model if the request names none.</summary>
    /// <exception cref="ApiException">Status 400: the request names no model, and none is loaded.</exception>
    internal static string Of(string? model, ModelHost host)
    {
        if (model is { Length: > 0 })
            return model;
        try
        {
            return host.GetResident().Name;
        }
        catch (NoModelException)
        {
            throw ApiException.BadRequest("model is missing, and no model is loaded: name one of GET /v1/models.", "model");
        }
    }

    /// <summary>Returns the id in a path, whose first segment is <paramref name="id"/>. Kestrel decodes all escapes in a path except %2F, the slash.</summary>
    internal static string InPath(string id, string? rest) => (rest is null ? id : $"{id}/{rest}").Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
}
