namespace RkLlama.Server.Http;

/// <summary>
/// One API of the server: its routes, and the form of its errors. Every endpoint carries its API as metadata. To add an API, implement this in a folder of
/// its own and add it to the list in <c>ServerHost</c>.
/// </summary>
internal interface IApi
{
    /// <summary>The API's name in metrics.</summary>
    string Name { get; }

    /// <summary>The API's name for people, in the OpenAPI document.</summary>
    string Title { get; }

    /// <summary>What the API is, in one or two sentences.</summary>
    string Description { get; }

    /// <summary>Paths under this prefix belong to the API, also those without an endpoint; <see langword="null"/> for none.</summary>
    PathString? Prefix { get; }

    /// <summary>The content type of one JSON object.</summary>
    string JsonContentType { get; }

    /// <summary>The wire type of an error.</summary>
    Type ErrorType { get; }

    /// <summary>An error as one JSON object, without a newline.</summary>
    byte[] SerializeError(ApiException error);

    /// <summary>Maps the API's endpoints.</summary>
    void Map(IEndpointRouteBuilder routes);
}

/// <summary>The APIs of the server, the default first.</summary>
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

    /// <summary>The API in whose form a request is answered.</summary>
    internal IApi Of(HttpContext context) => Find(context) ?? apis[0];
}
