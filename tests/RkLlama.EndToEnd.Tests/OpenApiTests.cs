using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>The OpenAPI document, which the published executable contains as a file.</summary>
public sealed class OpenApiTests
{
    [Fact]
    public async Task The_published_executable_serves_the_document_of_the_repository()
    {
        await using Node node = await Node.StartAsync(null);

        using HttpResponseMessage response = await node.Client.GetAsync(new Uri("/openapi/v1.json", UriKind.Relative));

        response.Content.Headers.ContentType!.MediaType.Should().Be("application/json");
        JsonElement health = (await node.GetJsonAsync("/health")).Body;
        string json = (await response.Content.ReadAsStringAsync()).Replace(health.GetProperty("version").GetString()!, "VERSION", StringComparison.Ordinal);
        json.Should().Be(await File.ReadAllTextAsync(Path.Combine(TestPaths.Root, "docs", "openapi.json")));
    }
}
