using System.Diagnostics.CodeAnalysis;
using System.IO.Compression;
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
/// Creates <c>GET /openapi/v1.json</c>: the OpenAPI document of all endpoints. Paths and methods come from the routes. Schemas come from the types of bodies
/// and responses, with their docstrings. The rest comes from the <see cref="Operation"/> of each route.
/// </summary>
internal static class OpenApiDocuments
{
    private const string Path = "/openapi/v1.json";

    // The name of the embedded file.
    private const string File = "openapi.json.gz";

    internal const string Name = "v1";

    /// <summary>
    /// Whether the document is generated from the code. The published executable has the document as a file (<c>docs/openapi.json</c>, which a test compares with
    /// the generated one), because the generator takes about 1 MB there.
    /// </summary>
    [FeatureSwitchDefinition("RkLlama.OpenApi.IsGenerated")]
    internal static bool IsGenerated => !AppContext.TryGetSwitch("RkLlama.OpenApi.IsGenerated", out bool isGenerated) || isGenerated;

    internal static void AddOpenApiDocument(this IServiceCollection services, IReadOnlyList<IApi> apis, IJsonTypeInfoResolver[] wireTypes)
    {
        if (!IsGenerated)
            return;

        // These JSON options are only for the schemas. Responses are serialized with the JSON context of their API.
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

    internal static IEndpointConventionBuilder MapOpenApiDocument(this IEndpointRouteBuilder routes) => routes.MapMethods(Path, [HttpMethods.Get, HttpMethods.Head], (Delegate)Get);

    private static async Task<IResult> Get(HttpContext context) => IsGenerated
        ? Results.Bytes(await context.RequestServices.GetRequiredService<OpenApiDocumentCache>().GetAsync().ConfigureAwait(false), "application/json")
        : Results.Stream(new GZipStream(typeof(OpenApiDocuments).Assembly.GetManifestResourceStream(File)!, CompressionMode.Decompress), "application/json");

    private static void Describe(OpenApiDocument document, IReadOnlyList<IApi> apis)
    {
        document.Info = new()
        {
            Title = "RkLlama",
            Version = BuildInfo.Version,
            Description = """
                LLM inference on the NPU of a Rockchip board, with the RkLlama API, those of OpenAI, Anthropic and Ollama, and endpoints of llama-server. The NPU
                runs one request at a time; other requests wait in a queue.

                Errors have the format of the API that the path belongs to, including 404 for an unknown path and 405 for a method that is not allowed.
                If a stream fails after it has started, its last event or line is the error, and the server cuts the connection. If a stream has no output for
                some seconds, the server sends a comment (server-sent events) or a line without text as a keep-alive. A response that is not streamed starts
                with white space if it takes long.

                Request bodies are JSON; their Content-Type is ignored. Unknown fields are ignored, and a null field counts as absent. Every response has the
                headers X-Request-Id, which client libraries show with their errors, and X-RkLlama-Node. If a model is loaded, X-RkLlama-Model has its name
                (percent-encoded). If a run has started, Server-Timing has its times.
                """.ReplaceLineEndings("\n"),
        };
        document.Servers = [new() { Url = "/" }];
        document.Tags = apis.Where(static api => api.HasDocument).Select(static api => new OpenApiTag { Name = api.Title, Description = api.Description }).ToHashSet();
        OpenApiOperationTransformer.AddSecurity(document);
    }
}

/// <summary>Creates the document on the first request and caches its JSON, because it takes long to create and does not change while the server runs.</summary>
internal sealed class OpenApiDocumentCache(IServiceProvider services)
{
    private readonly Lock _lock = new();

    // Guarded by _lock. Null before the first request.
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

        // Creating the document allocates about 30 MB. Without this collection the memory would stay in use for a long time, because the server allocates too
        // little to start a garbage collection.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return bytes;
    }
}
