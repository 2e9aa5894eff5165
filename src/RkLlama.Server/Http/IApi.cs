using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Http;

/// <summary>
/// One API of the server: its routes and its error format. Every endpoint has its API as metadata. To add an API, implement this interface in a new folder and
/// add an instance to the list in <c>ServerHost</c>.
/// </summary>
internal interface IApi
{
    /// <summary>Value of the label <c>api</c> in metrics.</summary>
    string Name { get; }

    /// <summary>Tag in the OpenAPI document.</summary>
    string Title { get; }

    /// <summary>Whether the OpenAPI document has the endpoints of this API.</summary>
    bool HasDocument => true;

    /// <summary>Description in the OpenAPI document, one or two sentences.</summary>
    string Description { get; }

    /// <summary>
    /// Path prefix, for example <c>/v1</c>. An error for an unknown path with this prefix has the error format of this API. <see langword="null"/> if the API
    /// has no prefix.
    /// </summary>
    PathString? Prefix { get; }

    /// <summary>
    /// Name of a request header that all clients of this API send, and no others. If another API has an endpoint with the same path, the header selects the API. An
    /// error for a path without an endpoint has the format of this API if the request has the header. <see langword="null"/> for none.
    /// </summary>
    string? ClientHeader => null;

    /// <summary>Name of a second response header that has the id of the request, for clients of this API. <see langword="null"/> for none.</summary>
    string? RequestIdHeader => null;

    /// <summary>Content type of JSON responses.</summary>
    string JsonContentType { get; }

    /// <summary>Type of the error body, for the OpenAPI document.</summary>
    Type ErrorType { get; }

    /// <summary>Serializes an error as one JSON object, without a newline.</summary>
    /// <param name="requestId">The id of the request, for formats that contain it.</param>
    byte[] SerializeError(ApiException error, string requestId);

    /// <summary>Maps the API's endpoints.</summary>
    void Map(IEndpointRouteBuilder routes);
}
