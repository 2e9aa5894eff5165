using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.OpenApi;
using RkLlama.Engine.Configuration;
using RkLlama.Server.Http;

namespace RkLlama.Server.OpenApi;

/// <summary>
/// <c>GET /openapi/v1.json</c>: the OpenAPI document of everything that is mapped. Paths and methods come from the routes, schemas from the wire types
/// with their docstrings, the rest from the <see cref="Operation"/> of each route.
/// </summary>
internal static class OpenApiDocuments
{
    private const string Path = "/openapi/v1.json";

    internal const string Name = "v1";

    internal static void AddOpenApiDocument(this IServiceCollection services, IReadOnlyList<IApi> apis, IJsonTypeInfoResolver[] wireTypes)
    {
        // Read by the schemas alone: answers are written with the API's own context.
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            json.SerializerOptions.TypeInfoResolver = JsonTypeInfoResolver.Combine(wireTypes);
        });
        services.AddOpenApi(Name, options =>
        {
            options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
            options.CreateSchemaReferenceId = OpenApiSchemaTransformer.NameOf;
            options.AddSchemaTransformer(OpenApiSchemaTransformer.ApplyAsync);
            options.AddOperationTransformer(OpenApiOperationTransformer.ApplyAsync);
            options.AddDocumentTransformer((document, _, _) =>
            {
                Describe(document, apis);
                return Task.CompletedTask;
            });
        });
        services.TryAddEnumerable(ServiceDescriptor.Transient<IApiDescriptionProvider, OpenApiOperationTypes>());
        services.AddSingleton<OpenApiDocumentCache>();
    }

    internal static IEndpointConventionBuilder MapOpenApiDocument(this IEndpointRouteBuilder routes) => routes.MapMethods(Path, [HttpMethods.Get, HttpMethods.Head], Get);

    private static async Task<IResult> Get(OpenApiDocumentCache cache) =>
        Results.Bytes(await cache.GetAsync().ConfigureAwait(false), "application/json");

    private static void Describe(OpenApiDocument document, IReadOnlyList<IApi> apis)
    {
        document.Info = new()
        {
            Title = "RkLlama",
            Version = BuildInfo.Version,
            Description = """
                Language models on the NPU of a Rockchip board, behind three APIs: the native one, OpenAI's and Ollama's. One run at a time; other requests wait in a queue.

                A path that does not exist is a 404, a method that is not allowed a 405; both are errors in the shape of the API that the path belongs to.
                A stream that fails after it has begun ends with the error as its last event or line, and the connection is cut. A stream that has
                nothing to say for some seconds sends a comment (server-sent events) or a line without text; an answer in one piece that takes
                long begins with white space.

                Bodies are JSON whatever their content type says. Fields that are not described are ignored; null is as absent. Every answer has an
                X-Request-Id, which client libraries show with their errors, and an X-RkLlama-Node; an X-RkLlama-Model while there is one (percent-encoded); a
                Server-Timing where a run has begun.
                """.ReplaceLineEndings("\n"),
        };
        document.Servers = [new() { Url = "/" }];
        document.Tags = apis.Select(static api => new OpenApiTag { Name = api.Title, Description = api.Description }).ToHashSet();
        OpenApiOperationTransformer.AddSecurity(document);
    }
}

/// <summary>The document as it goes out. It never changes while the server runs, and takes its time to make.</summary>
internal sealed class OpenApiDocumentCache(IServiceProvider services)
{
    private readonly Lock _lock = new();

    // Guarded by _lock.
    private Task<byte[]>? _document;

    internal Task<byte[]> GetAsync()
    {
        lock (_lock)
            return _document is null or { IsFaulted: true } ? _document = Task.Run(MakeAsync) : _document;
    }

    private async Task<byte[]> MakeAsync()
    {
        OpenApiDocument document = await services.GetRequiredKeyedService<IOpenApiDocumentProvider>(OpenApiDocuments.Name).GetOpenApiDocumentAsync().ConfigureAwait(false);
        using MemoryStream json = new();
        await document.SerializeAsJsonAsync(json, OpenApiSpecVersion.OpenApi3_1).ConfigureAwait(false);
        json.WriteByte((byte)'\n');
        byte[] bytes = json.ToArray();

        // Making it takes some 30 MB, which nothing would ever give back: a server makes little garbage.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return bytes;
    }
}
