using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using RkLlama.Engine.Configuration;
using RkLlama.Server.Hosting;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Tests.OpenApi;

/// <summary>The operations in the metadata of the server's routes.</summary>
internal static class DocumentedOperations
{
    /// <summary>Each route (method and path pattern) with its operation.</summary>
    internal static IReadOnlyList<(string Route, Operation Operation)> All { get; } = Find();

    private static List<(string Route, Operation Operation)> Find()
    {
        using Serilog.Core.Logger log = LoggingSetup.Create(TextWriter.Null);
        WebApplication app = ServerHost.Build(new NodeOptions { ModelsDirectory = Path.GetTempPath(), Port = 0 }, log);
        List<(string, Operation)> found = [];
        foreach (RouteEndpoint endpoint in ((IEndpointRouteBuilder)app).DataSources.SelectMany(static source => source.Endpoints).OfType<RouteEndpoint>())
        {
            if (endpoint.Metadata.GetMetadata<Operation>() is { } operation)
                found.Add(($"{endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods[0]} {endpoint.RoutePattern.RawText}", operation));
        }

        return found;
    }
}
