using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using RkLlama.Server.Api.Ollama;
using RkLlama.Server.Api.OpenAi;
using RkLlama.Server.Api.Operations;
using RkLlama.Server.Api.RkLlama;

namespace RkLlama.Server.OpenApi;

/// <summary>Writes into each operation of the document what <see cref="OperationTable"/> says of it.</summary>
internal static class OperationRules
{
    private const string Bearer = "bearer", ApiKey = "api_key";

    internal static Task ApplyAsync(OpenApiOperation target, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        if (OperationTable.Find(context.Description.HttpMethod, context.Description.RelativePath) is not { } operation)
            return Task.CompletedTask;

        bool isHead = context.Description.HttpMethod == HttpMethods.Head;
        target.OperationId = isHead ? $"{operation.Id}Head" : operation.Id;
        target.Summary = isHead ? $"{operation.Summary}, without the body" : operation.Summary;
        target.Description = operation.Description;
        target.Tags = new HashSet<OpenApiTagReference> { new(TagOf(operation), context.Document) };
        if (!operation.IsOpen)
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
            Description = "Where the operator has set a key; otherwise everything is accepted.",
        });
        document.AddComponent(ApiKey, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.ApiKey,
            In = ParameterLocation.Header,
            Name = "X-Api-Key",
            Description = "Where the operator has set a key; otherwise everything is accepted.",
        });
    }

    private static string TagOf(Operation operation)
    {
        if (RkLlamaOperations.All.Contains(operation))
            return RkLlamaOperations.Tag;
        if (OpenAiOperations.All.Contains(operation))
            return OpenAiOperations.Tag;
        return OllamaOperations.All.Contains(operation) ? OllamaOperations.Tag : NodeOperations.Tag;
    }

    private static void DescribeResponses(OpenApiResponses responses, Operation operation, bool isHead)
    {
        string part = OperationTypes.PartStatus.ToString(CultureInfo.InvariantCulture);
        if (responses.Remove(part, out IOpenApiResponse? stream))
        {
            foreach ((string contentType, OpenApiMediaType media) in stream.Content!)
                responses["200"].Content!.Add(contentType, media);
        }

        foreach ((string status, IOpenApiResponse either) in responses)
        {
            OpenApiResponse response = (OpenApiResponse)either;
            response.Description = Statuses.Describe(int.Parse(status, CultureInfo.InvariantCulture), operation);
            if (isHead)
                response.Content = null;
            if (Statuses.Headers(int.Parse(status, CultureInfo.InvariantCulture), operation) is { Count: > 0 } headers)
                response.Headers = headers;
        }
    }

    private static IEnumerable<IOpenApiParameter> RetryHeaders()
    {
        yield return new OpenApiParameter
        {
            Name = "Idempotency-Key",
            In = ParameterLocation.Header,
            Description = "A request with the same key and API key as one that still waits or runs takes its place; that one ends with a 499.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        };
        yield return new OpenApiParameter
        {
            Name = "X-Stainless-Retry-Count",
            In = ParameterLocation.Header,
            Description = "From 1: this is a retry, which takes the place of the same request of the same client.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "0" },
        };
    }

    private static void AddRange<T>(this ICollection<T> target, IEnumerable<T> items)
    {
        foreach (T item in items)
            target.Add(item);
    }
}
