using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using RkLlama.Server.Http;

namespace RkLlama.Server.OpenApi;

/// <summary>Copies the data of each <see cref="Operation"/> into the OpenAPI document.</summary>
internal static class OpenApiOperationTransformer
{
    private const string Bearer = "bearer", ApiKey = "api_key";

    internal static Task ApplyAsync(OpenApiOperation target, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.Description.ActionDescriptor.EndpointMetadata.OfType<Operation>().FirstOrDefault() is not { } operation)
            return Task.CompletedTask;

        bool isHead = context.Description.HttpMethod == HttpMethods.Head;
        target.OperationId = isHead ? $"{operation.Id}Head" : operation.Id;
        target.Summary = isHead ? $"{operation.Summary}, without the body" : operation.Summary;
        target.Description = operation.Description;
        target.Tags = new HashSet<OpenApiTagReference> { new(context.Description.ActionDescriptor.EndpointMetadata.OfType<IApi>().First().Title, context.Document) };
        if (!operation.AllowsAnonymous)
            target.Security = [Requirement(Bearer), Requirement(ApiKey)];
        if (operation.Example is { } example && target.RequestBody?.Content?["application/json"] is { } body)
            body.Example = JsonNode.Parse(example);
        if (operation.IsReplaceable)
            (target.Parameters ??= []).AddRange(RetryHeaders());
        DescribeResponses(target.Responses!, operation, isHead);
        return Task.CompletedTask;

        OpenApiSecurityRequirement Requirement(string scheme) => new() { [new OpenApiSecuritySchemeReference(scheme, context.Document)] = [] };
    }

    internal static void AddSecurity(OpenApiDocument document)
    {
        document.AddComponent(Bearer, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "Only required if the operator has set an API key.",
        });
        document.AddComponent(ApiKey, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.ApiKey,
            In = ParameterLocation.Header,
            Name = "X-Api-Key",
            Description = "Only required if the operator has set an API key.",
        });
    }

    private static void DescribeResponses(OpenApiResponses responses, Operation operation, bool isHead)
    {
        string part = OpenApiOperationTypes.PartStatus.ToString(CultureInfo.InvariantCulture);
        if (responses.Remove(part, out IOpenApiResponse? stream))
        {
            foreach ((string contentType, OpenApiMediaType media) in stream.Content!)
                responses["200"].Content!.Add(contentType, media);
        }

        foreach ((string status, IOpenApiResponse either) in responses)
        {
            OpenApiResponse response = (OpenApiResponse)either;
            response.Description = OpenApiResponseTexts.Describe(int.Parse(status, CultureInfo.InvariantCulture), operation);
            if (isHead)
                response.Content = null;
            if (OpenApiResponseTexts.Headers(int.Parse(status, CultureInfo.InvariantCulture), operation) is { Count: > 0 } headers)
                response.Headers = headers;
        }
    }

    private static IEnumerable<IOpenApiParameter> RetryHeaders()
    {
        yield return new OpenApiParameter
        {
            Name = "Idempotency-Key",
            In = ParameterLocation.Header,
            Description = "If a request with the same key and API key still waits or runs, this request replaces it. The replaced request gets a 499.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        };
        yield return new OpenApiParameter
        {
            Name = "X-Stainless-Retry-Count",
            In = ParameterLocation.Header,
            Description = "1 or more: this is a retry. It replaces the same request of the same client, if that one still waits or runs.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "0" },
        };
    }

    private static void AddRange<T>(this ICollection<T> target, IEnumerable<T> items)
    {
        foreach (T item in items)
            target.Add(item);
    }
}
