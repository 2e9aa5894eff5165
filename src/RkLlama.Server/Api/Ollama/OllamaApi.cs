using System.Text.Json;
using RkLlama.Engine.Diagnostics;
using RkLlama.Server.Api.Ollama.Models;
using RkLlama.Server.Http;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.Ollama;

/// <summary>The Ollama API, as far as it applies to text models on this runtime.</summary>
internal sealed class OllamaApi : IApi
{
    // The Ollama version whose API this server implements. Clients read it to decide which features to use.
    private const string Version = "0.13.0";

    private static readonly string[] Read = [HttpMethods.Get, HttpMethods.Head];

    public string Name => "ollama";

    public string Title => "Ollama";

    public string Description => "Ollama's API, as far as text models on this runtime can serve it. If the requested model is not loaded, the server loads it.";

    public PathString? Prefix => "/api";

    public string JsonContentType => "application/json; charset=utf-8";

    public Type ErrorType => typeof(OllamaError);

    public byte[] SerializeError(ApiException error, string requestId) => JsonSerializer.SerializeToUtf8Bytes(OllamaError.From(error), OllamaJson.Wire.OllamaError);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/api/version", Read, GetVersion).WithMetadata(OllamaOperations.Version);
        routes.MapMethods("/api/tags", Read, OllamaModelEndpoints.Tags).WithMetadata(OllamaOperations.Tags);
        routes.MapMethods("/api/ps", Read, OllamaModelEndpoints.Running).WithMetadata(OllamaOperations.Running);
        routes.MapPost("/api/show", OllamaModelEndpoints.Show).WithMetadata(OllamaOperations.Show);
        routes.MapPost("/api/copy", OllamaModelEndpoints.Copy).WithMetadata(OllamaOperations.Copy, EndpointAccess.Management);
        routes.MapPost("/api/rename", OllamaModelEndpoints.Rename).WithMetadata(OllamaOperations.Rename, EndpointAccess.Management);
        routes.MapDelete("/api/delete", OllamaModelEndpoints.Delete).WithMetadata(OllamaOperations.Delete, EndpointAccess.Management);
        routes.MapPost("/api/chat", OllamaGenerationEndpoints.Chat).WithMetadata(OllamaOperations.Chat);
        routes.MapPost("/api/generate", OllamaGenerationEndpoints.Generate).WithMetadata(OllamaOperations.Generate);
        routes.MapPost("/api/embed", OllamaEmbeddingEndpoints.Embed).WithMetadata(OllamaOperations.Embed);
        routes.MapPost("/api/embeddings", OllamaEmbeddingEndpoints.EmbedOne).WithMetadata(OllamaOperations.EmbedOne);
        routes.MapPost("/api/pull", OllamaPullEndpoint.Pull).WithMetadata(OllamaOperations.Pull, EndpointAccess.Management);
        routes.MapDelete("/api/pull", OllamaPullEndpoint.Stop).WithMetadata(OllamaOperations.StopPull, EndpointAccess.Management);
        routes.MapPost("/api/create", OllamaCreateEndpoint.Create).WithMetadata(OllamaOperations.Create, EndpointAccess.Management);
        routes.MapMethods("/api/blobs/{digest}", [HttpMethods.Head], FindBlob).WithMetadata(OllamaOperations.FindBlob);
        routes.MapPost("/api/blobs/{digest}", AddBlob).WithMetadata(OllamaOperations.AddBlob, EndpointAccess.Management);
        routes.MapPost("/api/push", Push).WithMetadata(OllamaOperations.Push, EndpointAccess.Management);
    }

    private static JsonResult<OllamaVersion> GetVersion() => new(new(Version), OllamaJson.Wire.OllamaVersion);

    private static void FindBlob(string digest) => throw new ApiException(StatusCodes.Status404NotFound, new($"blob '{Excerpt.Of(digest)}' not found"));

    /// <summary>Refuses a file without reading it. Clients send one if a Modelfile names a file of their machine.</summary>
    private static void AddBlob(string digest) => throw NotImplemented(
        $"The node takes no files over this API ('{Excerpt.Of(digest)}'): pull the model, or copy its .rkllm file into the models directory of the node. FROM of a Modelfile has to name a model.");

    private static void Push() => throw NotImplemented("/api/push is not implemented: the node publishes no models.");

    private static ApiException NotImplemented(string message) => new(StatusCodes.Status501NotImplemented, new(message));
}
