namespace RkLlama.Server.Http;

/// <summary>
/// One API of the server: its routes and its error format. Every endpoint has its API as metadata. To add an API, implement this interface in a new folder
/// and add it to the list in <c>ServerHost</c>.
/// </summary>
internal interface IApi
{
    /// <summary>Value of the label <c>api</c> in metrics.</summary>
    string Name { get; }

    /// <summary>Tag in the OpenAPI document.</summary>
    string Title { get; }

    /// <summary>Description in the OpenAPI document, one or two sentences.</summary>
    string Description { get; }

    /// <summary>Unknown paths under this prefix belong to the API; <see langword="null"/> for none.</summary>
    PathString? Prefix { get; }

    /// <summary>Content type of JSON responses.</summary>
    string JsonContentType { get; }

    /// <summary>Type of the error body.</summary>
    Type ErrorType { get; }

    /// <summary>Serializes an error as one JSON object, without a newline.</summary>
    byte[] SerializeError(ApiException error);

    /// <summary>Maps the API's endpoints.</summary>
    void Map(IEndpointRouteBuilder routes);
}

/// <summary>The APIs of the server. The first one is the default.</summary>
internal sealed class ApiRegistry(IReadOnlyList<IApi> apis)
{
    /// <summary>Maps the endpoints of all APIs, each with its API as metadata.</summary>
    internal void Map(IEndpointRouteBuilder routes)
    {
        foreach (IApi api in apis)
            api.Map(routes.MapGroup("").WithMetadata(api));
    }

    /// <summary>The API of the request's endpoint or, without an endpoint, of its path; <see langword="null"/> if it belongs to none.</summary>
    internal IApi? Find(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<IApi>()
        ?? apis.FirstOrDefault(api => api.Prefix is { } prefix && context.Request.Path.StartsWithSegments(prefix));

    /// <summary>The API that formats the response: that of <see cref="Find"/>, or else the default.</summary>
    internal IApi Of(HttpContext context) => Find(context) ?? apis[0];
}
