using RkLlama.Server.Http.Errors;

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
