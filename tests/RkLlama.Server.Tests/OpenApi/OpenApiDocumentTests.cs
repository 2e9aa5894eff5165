using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Microsoft.OpenApi.Reader;
using RkLlama.Architecture.Tests;
using RkLlama.Engine.Configuration;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.OpenApi;

/// <summary>The OpenAPI document is valid and describes exactly the endpoints of the server.</summary>
public sealed class OpenApiDocumentTests
{
    [Fact]
    public async Task The_document_is_valid_OpenAPI_3_1()
    {
        string json = (await DocumentedBodies.ReadAsync()).ToJsonString();

        ReadResult read = OpenApiDocument.Parse(json, "json");

        JsonNode.Parse(json)!["openapi"]!.GetValue<string>().Should().StartWith("3.1.");
        read.Diagnostic!.Errors.Should().BeEmpty();
        read.Diagnostic.Warnings.Should().BeEmpty();
    }

    [Fact]
    public async Task The_file_in_docs_is_the_document()
    {
        string path = Path.Join(RepositoryRoot.Path, "docs", "openapi.json"), json = (await DocumentedBodies.ReadTextAsync()).Replace(BuildInfo.Version, "VERSION", StringComparison.Ordinal);

        if (Environment.GetEnvironmentVariable("RKLLAMA_REWRITE_OPENAPI") == "1")
            await File.WriteAllTextAsync(path, json);

        (await File.ReadAllTextAsync(path)).Should().Be(json, "RKLLAMA_REWRITE_OPENAPI=1 writes the file anew");
    }

    [Fact]
    public async Task Every_reference_has_its_target_and_every_schema_is_referred_to()
    {
        JsonNode document = await DocumentedBodies.ReadAsync();

        string[] references = [.. References(document).Distinct()];

        references.Should().NotBeEmpty().And.OnlyContain(reference => DocumentedBodies.Find(document, reference) != null);
        document["components"]!["schemas"]!.AsObject().Select(schema => $"#/components/schemas/{schema.Key}").Should().BeSubsetOf(references);
    }

    [Fact]
    public async Task Every_endpoint_is_in_the_document_and_nothing_else()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonNode document = await DocumentedBodies.ReadAsync();
        string[] mapped =
        [
            .. from endpoint in server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            where endpoint.Metadata.GetMetadata<IExcludeFromDescriptionMetadata>() is null
            from method in endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods
            select $"{method} {endpoint.RoutePattern.RawText!.Replace("**", "", StringComparison.Ordinal)}",
        ];

        mapped.Should().NotBeEmpty();
        Operations(document).Select(operation => operation.Name).Should().BeEquivalentTo(mapped);
    }

    [Fact]
    public async Task Every_operation_is_described()
    {
        JsonNode document = await DocumentedBodies.ReadAsync();
        (string Name, JsonNode Operation)[] operations = [.. Operations(document)];
        string[] tags = [.. document["tags"]!.AsArray().Select(tag => tag!["name"]!.GetValue<string>())];

        operations.Select(operation => operation.Operation["operationId"]?.GetValue<string>()).Should().OnlyHaveUniqueItems().And.NotContainNulls();
        operations.Should().OnlyContain(operation => operation.Operation["summary"] != null);
        operations.SelectMany(operation => operation.Operation["tags"]!.AsArray().Select(tag => tag!.GetValue<string>())).Distinct().Should().BeEquivalentTo(tags);
        operations.SelectMany(operation => operation.Operation["responses"]!.AsObject()).Should().OnlyContain(response => response.Value!["description"] != null);
        operations.SelectMany(operation => operation.Operation["responses"]!.AsObject()).Should().NotContain(response => response.Key == "299");
    }

    [Theory]
    [InlineData("POST /generate", "application/x-ndjson", "GenerateReply", "ErrorReply")]
    [InlineData("POST /v1/chat/completions", "text/event-stream", "ChatCompletionChunk", "OpenAiError")]
    [InlineData("POST /v1/completions", "text/event-stream", "TextCompletion", "OpenAiError")]
    [InlineData("POST /v1/messages", "text/event-stream", "AnthropicEvent", "AnthropicError")]
    [InlineData("POST /infill", "text/event-stream", "InfillReply", "LlamaServerError")]
    [InlineData("POST /v1/responses", "text/event-stream", "ResponseEvent", "OpenAiError")]
    [InlineData("POST /api/chat", "application/x-ndjson", "OllamaChatReply", "OllamaError")]
    [InlineData("POST /api/generate", "application/x-ndjson", "OllamaGenerateReply", "OllamaError")]
    public async Task Streams_and_errors_have_the_shapes_of_their_API(string name, string contentType, string part, string error)
    {
        JsonNode document = await DocumentedBodies.ReadAsync();

        JsonNode responses = Operations(document).Single(operation => operation.Name == name).Operation["responses"]!;

        Schema(responses["200"]!, contentType).Should().EndWith($"/{part}");
        responses["200"]!["content"]!["application/json"].Should().NotBeNull();
        foreach (string status in (string[])["400", "401", "403", "413", "415", "500", "503"])
            Schema(responses[status]!, "application/json").Should().EndWith($"/{error}", "that is what a {0} has", status);
        responses["503"]!["headers"]!["Retry-After"].Should().NotBeNull();
    }

    [Fact]
    public async Task Fields_omitted_when_null_are_optional_and_others_are_required()
    {
        JsonNode schemas = (await DocumentedBodies.ReadAsync())["components"]!["schemas"]!;

        Required("ErrorReply").Should().Equal("error");
        Required("OpenAiErrorBody").Should().BeEquivalentTo("message", "type", "param", "code");
        Required("ChatDelta").Should().BeEmpty();
        schemas["ChatDelta"]!["properties"]!["content"]!["type"]!.GetValue<string>().Should().Be("string");
        Required("HealthReply").Should().Contain("last_fault");

        IEnumerable<string> Required(string schema) => (schemas[schema]!["required"]?.AsArray() ?? []).Select(name => name!.GetValue<string>());
    }

    [Fact]
    public async Task The_document_needs_the_key_and_marks_the_operations_that_do()
    {
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { ApiKey = "secret" });
        using HttpResponseMessage refused = await server.Client.GetAsync(DocumentedBodies.Address);
        refused.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        server.Client.DefaultRequestHeaders.Authorization = new("Bearer", "secret");

        JsonNode document = JsonNode.Parse(await server.Client.GetStringAsync(DocumentedBodies.Address))!;

        document["components"]!["securitySchemes"]!.AsObject().Select(scheme => scheme.Key).Should().BeEquivalentTo("bearer", "api_key");
        Operations(document).Where(operation => operation.Operation["security"] is null).Select(operation => operation.Name)
            .Should().BeEquivalentTo("GET /", "HEAD /", "GET /health", "HEAD /health", "GET /ready", "HEAD /ready");
    }

    private static string Schema(JsonNode response, string contentType) => response["content"]![contentType]!["schema"]!["$ref"]!.GetValue<string>();

    private static IEnumerable<(string Name, JsonNode Operation)> Operations(JsonNode document) =>
        from path in document["paths"]!.AsObject()
        from operation in path.Value!.AsObject()
        select ($"{operation.Key.ToUpperInvariant()} {path.Key}", operation.Value);

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject owner => owner.SelectMany(field => field is { Key: "$ref", Value: JsonValue target } ? [target.GetValue<string>()] : References(field.Value)),
        JsonArray items => items.SelectMany(References),
        _ => [],
    };
}
