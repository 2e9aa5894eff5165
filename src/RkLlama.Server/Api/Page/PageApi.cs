using System.Text.Json;
using RkLlama.Engine.Configuration;
using RkLlama.Server.Http;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.Page;

/// <summary>
/// The page for browsers at <c>/ui/</c>. Its files are part of the executable and are the same for all clients, so they need no API key. The page reads everything
/// else from the other APIs. The OpenAPI document does not have these endpoints.
/// </summary>
internal sealed class PageApi : IApi
{
    private static readonly string[] Read = [HttpMethods.Get, HttpMethods.Head];

    public string Name => "page";

    public string Title => "Page";

    public bool HasDocument => false;

    public string Description => "The page for browsers.";

    public PathString? Prefix => "/ui";

    public string JsonContentType => "application/json";

    public Type ErrorType => typeof(ErrorReply);

    public byte[] SerializeError(ApiException error, string requestId) => JsonSerializer.SerializeToUtf8Bytes(error.Reply, ErrorJson.Wire.ErrorReply);

    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapMethods("/ui/{**file}", Read, Get).WithMetadata(EndpointAccess.Probe).ExcludeFromDescription();

    private static IResult Get(HttpContext context, NodeOptions options, PageFiles files, string? file = null)
    {
        if (!options.HasPage)
            throw new ApiException(StatusCodes.Status404NotFound, new("This server has no page, because it was started with --no-ui."));

        // The page has relative addresses, so its own address needs the slash. A relative redirect also works behind a proxy that adds a prefix.
        if (context.Request.Path.Value is { } path && !path.EndsWith('/') && string.IsNullOrEmpty(file))
            return new RelativeRedirect("ui/");
        if (files.IsEmpty)
            throw new ApiException(StatusCodes.Status404NotFound, new("This executable was built without the page. Install the package, or build it with './build.sh run' or './build.sh publish', which need Node.js."));
        return files.Find(string.IsNullOrEmpty(file) ? PageFiles.Index : file) is { } found
            ? new PageFileResult(found)
            : throw new ApiException(StatusCodes.Status404NotFound, new("The page has no such file."));
    }
}
