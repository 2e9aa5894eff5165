using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using RkLlama.Engine.Diagnostics;
using RkLlama.Server.Http;

namespace RkLlama.Server.OpenApi;

/// <summary>
/// Tells the document the types of bodies and answers. Not by metadata on the routes: those that say what a body is would also refuse bodies whose content
/// type is another.
/// </summary>
internal sealed class OpenApiOperationTypes : IApiDescriptionProvider
{
    /// <summary>
    /// A status has one type here; that of a stream's parts goes under a status of its own, until <see cref="OpenApiOperationTransformer"/> puts the two together.
    /// </summary>
    internal const int PartStatus = 299;

    /// <summary>After the provider that knows the routes, at −1100.</summary>
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
        if (!operation.IsMissing)
            description.SupportedResponseTypes.Add(Of(StatusCodes.Status200OK, operation.Reply, operation.ReplyType));
        if (operation.Part is { } part)
            description.SupportedResponseTypes.Add(Of(PartStatus, part, operation.PartType));
        foreach (int status in operation.AllErrors)
            description.SupportedResponseTypes.Add(Of(status, ErrorOf(operation, api, status), "application/json"));
    }

    private static ApiResponseType Of(int status, Type? type, string contentType) => new()
    {
        StatusCode = status,
        Type = type ?? typeof(void),
        ApiResponseFormats = type is null ? [] : [new() { MediaType = contentType }],
    };

    /// <summary>A node that is not ready reports no error.</summary>
    private static Type ErrorOf(Operation operation, IApi api, int status) =>
        operation.Reply == typeof(ReadyReply) && status == StatusCodes.Status503ServiceUnavailable ? typeof(ReadyReply) : api.ErrorType;
}
