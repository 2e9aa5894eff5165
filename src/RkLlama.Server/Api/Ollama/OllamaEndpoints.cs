using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Ollama;

/// <summary>The Ollama API, as far as a text model on this runtime can serve it.</summary>
internal static class OllamaEndpoints
{
    // Clients switch features on by it: this is the version whose API is served.
    private const string Version = "0.13.0";

    private static readonly string[] Read = [HttpMethods.Get, HttpMethods.Head];

    internal static void MapOllama(this IEndpointRouteBuilder app)
    {
        app.MapMethods("/api/version", Read, GetVersion);
        app.MapMethods("/api/tags", Read, OllamaCatalog.Tags);
        app.MapMethods("/api/ps", Read, OllamaCatalog.Running);
        app.MapPost("/api/show", OllamaCatalog.Show);
        app.MapPost("/api/copy", OllamaCatalog.Copy);
        app.MapDelete("/api/delete", OllamaCatalog.Delete);
        app.MapPost("/api/chat", OllamaChat.Create);
        app.MapPost("/api/generate", OllamaGenerate.Create);
        app.MapPost("/api/embed", OllamaEmbeddings.Embed);
        app.MapPost("/api/embeddings", OllamaEmbeddings.EmbedOne);
        foreach (string path in (ReadOnlySpan<string>)["/api/pull", "/api/create", "/api/push"])
            app.MapPost(path, NotImplemented);
    }

    private static JsonAnswer<OllamaVersion> GetVersion() => new(new(Version), ApiJson.Wire.OllamaVersion);

    private static void NotImplemented(HttpContext context) => throw new ApiException(
        StatusCodes.Status501NotImplemented,
        new($"{context.Request.Path.Value} is not implemented: put the model's directory with its Modelfile into the models directory of the node"));
}
