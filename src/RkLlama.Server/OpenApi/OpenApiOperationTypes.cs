using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using RkLlama.Engine.Diagnostics;
using RkLlama.Server.Http;

namespace RkLlama.Server.OpenApi;

/// <summary>
/// Adds the types of request bodies and responses to the OpenAPI document. The framework's metadata for routes cannot be used for this: with it, the server
/// would refuse bodies with another content type.
/// </summary>
internal sealed class OpenApiOperationTypes : IApiDescriptionProvider
{
    /// <summary>
    /// Temporary status for the type of a stream's events or lines. A status can have only one type here, and status 200 has the type of the response that is
    /// not streamed. <see cref="OpenApiOperationTransformer"/> moves the type of the events or lines to status 200 later.
    /// </summary>
    internal const int PartStatus = 299;

    /// <summary>Runs after the framework's provider for routes, whose order is −1100.</summary>
    public int Order => -1000;

    public void OnProvidersExecuting(ApiDescriptionProviderContext context)
    {
        foreach (ApiDescription description in context.Results)
        {
            if (description.ActionDescriptor.EndpointMetadata.OfType<Operation>().FirstOrDefault() is { } operation)
                Apply(operation, description.ActionDescriptor.EndpointMetadata.OfType<IApi>().First(), description);
        }
    }

    public void OnProvidersExecuted(ApiDescriptionProviderContext context)
    {
    }

    private static void Apply(Operation operation, IApi api, ApiDescription description)
    {
        if (operation.Body is { } body)
            description.ParameterDescriptions.Add(new() { Name = "body", Source = BindingSource.Body, Type = body, IsRequired = true });

        description.SupportedResponseTypes.Clear();
        if (!operation.IsNotImplemented)
            description.SupportedResponseTypes.Add(Of(StatusCodes.Status200OK, operation.Reply, operation.ReplyType));
        if (operation.StreamItem is { } part)
            description.SupportedResponseTypes.Add(Of(PartStatus, part, operation.StreamContentType));
        foreach (int status in operation.AllErrors)
            description.SupportedResponseTypes.Add(Of(status, ErrorOf(operation, api, status), "application/json"));
    }

    private static ApiResponseType Of(int status, Type? type, string contentType) => new()
    {
        StatusCode = status,
        Type = type ?? typeof(void),
        ApiResponseFormats = type is null ? [] : [new() { MediaType = contentType }],
    };

    /// <summary>
    /// Returns the type of the response body for an error status: the error type of the API. Exception: if the node is not ready, <c>/ready</c> answers 503
    /// with its usual reply.
    /// </summary>
    private static Type ErrorOf(Operation operation, IApi api, int status) =>
        operation.Reply == typeof(ReadyReply) && status == StatusCodes.Status503ServiceUnavailable ? typeof(ReadyReply) : api.ErrorType;
}
