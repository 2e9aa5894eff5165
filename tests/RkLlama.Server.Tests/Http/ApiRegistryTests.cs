using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using RkLlama.Server.Http;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Tests.Http;

public sealed class ApiRegistryTests
{
    private static readonly FakeApi Default = new("default", null), V1 = new("v1", new("/v1")), Ollama = new("ollama", new("/api"));

    private readonly ApiRegistry _registry = new([Default, V1, Ollama]);

    [Theory]
    [InlineData("/v1/none", "v1")]
    [InlineData("/api/none", "ollama")]
    [InlineData("/API/none", "ollama")]
    [InlineData("/apis", null)]
    [InlineData("/", null)]
    public void A_path_without_an_endpoint_belongs_to_the_api_of_its_prefix(string path, string? expected)
    {
        DefaultHttpContext context = At(path);

        (_registry.Find(context)?.Name).Should().Be(expected);
        _registry.FindOrDefault(context).Name.Should().Be(expected ?? "default");
    }

    [Fact]
    public void The_endpoints_api_comes_before_the_path()
    {
        DefaultHttpContext context = At("/v1/none");
        context.SetEndpoint(new Endpoint(null, new EndpointMetadataCollection(Ollama), "test"));

        _registry.Find(context).Should().BeSameAs(Ollama);
    }

    [Fact]
    public void An_endpoint_without_an_api_is_answered_by_the_api_of_its_path()
    {
        DefaultHttpContext context = At("/v1/none");
        context.SetEndpoint(new Endpoint(null, EndpointMetadataCollection.Empty, "test"));

        _registry.FindOrDefault(context).Should().BeSameAs(V1);
    }

    private static DefaultHttpContext At(string path)
    {
        DefaultHttpContext context = new();
        context.Request.Path = path;
        return context;
    }

    private sealed class FakeApi(string name, PathString? prefix) : IApi
    {
        public string Name => name;

        public string Title => name;

        public string Description => name;

        public PathString? Prefix => prefix;

        public string JsonContentType => "application/json";

        public Type ErrorType => typeof(ErrorReply);

        public byte[] SerializeError(ApiException error, string requestId) => [];

        public void Map(IEndpointRouteBuilder routes)
        {
        }
    }
}
