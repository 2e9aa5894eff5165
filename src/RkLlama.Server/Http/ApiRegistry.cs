namespace RkLlama.Server.Http;

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
    internal IApi FindOrDefault(HttpContext context) => Find(context) ?? apis[0];
}
