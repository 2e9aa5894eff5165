using System.Diagnostics;
using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Residency;
using RkLlama.Server.Api.OpenAi;
using RkLlama.Server.Http;
using RkLlama.Server.Middleware;

namespace RkLlama.Server.Api.Ollama;

/// <summary><c>POST /api/embed</c> and its older form <c>POST /api/embeddings</c>.</summary>
internal static class OllamaEmbeddings
{
    internal static async Task<IResult> Embed(HttpContext context, RequestReader reader, ModelHost host, Embedder embedder, Heartbeat heartbeat)
    {
        long start = Stopwatch.GetTimestamp();
        JsonElement body = await reader.ReadRunAsync(context).ConfigureAwait(false);
        OllamaEmbedRequest request = OllamaEmbedRequest.From(body);
        LoadedModel model = host.Find(request.Model);
        return new AwaitedJsonAnswer<OllamaEmbedReply>(EmbedAsync, ApiJson.Wire.OllamaEmbedReply, heartbeat);

        async Task<OllamaEmbedReply> EmbedAsync(CancellationToken cancellationToken)
        {
            List<float[]> vectors = [];
            int tokens = 0;
            TimeSpan load = TimeSpan.Zero;
            foreach (string text in request.Input)
            {
                TextEmbedding one = await embedder.EmbedAsync(model, text, request.Truncates, request.KeepAlive, context.Ledger(), cancellationToken).ConfigureAwait(false);
                vectors.Add(Embeddings.Shorten(one.Vector, request.Dimensions));
                tokens += one.PromptTokens;
                load += one.Load;
            }

            return new(request.Model, [.. vectors], OllamaTime.Of(Stopwatch.GetElapsedTime(start)), OllamaTime.Of(load), tokens);
        }
    }

    internal static async Task<IResult> EmbedOne(HttpContext context, RequestReader reader, ModelHost host, Embedder embedder, Heartbeat heartbeat)
    {
        JsonElement body = await reader.ReadRunAsync(context).ConfigureAwait(false);
        OllamaFields.RequireObject(body);
        LoadedModel model = host.Find(OllamaFields.ReadModel(body));
        string text = body.Text("prompt") ?? "";
        TimeSpan? keepAlive = body.ReadKeepAlive();
        return new AwaitedJsonAnswer<OllamaEmbeddingReply>(EmbedAsync, ApiJson.Wire.OllamaEmbeddingReply, heartbeat);

        async Task<OllamaEmbeddingReply> EmbedAsync(CancellationToken cancellationToken) => text.Length == 0
            ? new([])
            : new((await embedder.EmbedAsync(model, text, truncates: true, keepAlive, context.Ledger(), cancellationToken).ConfigureAwait(false)).Vector);
    }
}
