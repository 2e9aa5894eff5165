namespace RkLlama.Server.Http;

/// <summary>The APIs of the server. The first one is the default: it formats the errors of requests that belong to no API.</summary>
internal sealed class ApiRegistry(IReadOnlyList<IApi> apis)
{
    /// <summary>Maps the endpoints of all APIs. Each endpoint gets its <see cref="IApi"/> as metadata.</summary>
    internal void Map(IEndpointRouteBuilder routes)
    {
        foreach (IApi api in apis)
            api.Map(routes.MapGroup("").WithMetadata(api));
    }

    /// <summary>
    /// Returns the API of the request's endpoint. If no endpoint matches the request, returns the API whose <see cref="IApi.ClientHeader"/> the request has, else
    /// the first one whose prefix is at the start of the path; <see langword="null"/> if there is none.
    /// </summary>
    internal IApi? Find(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<IApi>()
        ?? apis.FirstOrDefault(api => api.IsNamedBy(context.Request))
        ?? apis.FirstOrDefault(api => api.Prefix is { } prefix && context.Request.Path.StartsWithSegments(prefix));

    /// <summary>Returns the API that formats the response: the result of <see cref="Find"/>, or the default API if that is null.</summary>
    internal IApi FindOrDefault(HttpContext context) => Find(context) ?? apis[0];
}

internal static class ApiSelection
{
    /// <summary>Whether the request has the header with which clients of this API identify themselves.</summary>
    internal static bool IsNamedBy(this IApi api, HttpRequest request) => api.ClientHeader is { } header && request.Headers.ContainsKey(header);
}
