using RkLlama.Engine.Configuration;
using RkLlama.Server.Http;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Middleware;

/// <summary>
/// With <c>--read-only</c>, answers 403 to requests that load, unload or change models. A request for an answer still loads the model that it names.
/// </summary>
internal sealed class ReadOnlyMiddleware(RequestDelegate next, NodeOptions options)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (EndpointAccess.Of(context).ChangesNode)
            Check(options);
        return next(context);
    }

    /// <summary>For requests whose body decides whether they load or unload a model.</summary>
    /// <exception cref="ApiException">Status 403: the server is read-only.</exception>
    internal static void Check(NodeOptions options)
    {
        if (options.IsReadOnly)
        {
            throw new ApiException(
                StatusCodes.Status403Forbidden, new("This server is read-only: it answers requests, but clients cannot load, unload or change models."))
            {
                Code = "read_only",
            };
        }
    }
}
