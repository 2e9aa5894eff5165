using System.Diagnostics;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Residency;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.Ollama;

/// <summary>The endpoints <c>POST /api/embed</c> and <c>POST /api/embeddings</c>. The latter is older.</summary>
internal static class OllamaEmbeddingEndpoints
{
    internal static async Task<KeepAliveJsonResult> Embed(HttpContext context, RequestReader reader, EmbeddingService embeddings)
    {
        long start = Stopwatch.GetTimestamp();
        ModelRequest run = await reader.ReadModelRequestAsync(context).ConfigureAwait(false);
        OllamaEmbedRequest request = OllamaEmbedRequest.From(run.Body);
        ModelInstance model = embeddings.Find(request.Model);
        return KeepAliveJsonResult.Of(EmbedAsync, OllamaJson.Wire.OllamaEmbedReply, run.Cancelled);

        async Task<OllamaEmbedReply> EmbedAsync(CancellationToken cancellationToken)
        {
            List<float[]> vectors = [];
            int tokens = 0;
            TimeSpan load = TimeSpan.Zero;
            foreach (string text in request.Input)
            {
                TextEmbedding one = await embeddings.EmbedAsync(model, text, request.Truncates, request.KeepAlive, context.Trace(), cancellationToken).ConfigureAwait(false);
                vectors.Add(EmbeddingDimensions.Shorten(one.Vector, request.Dimensions));
                tokens += one.PromptTokens;
                load += one.Load;
            }

            return new(request.Model, [.. vectors], OllamaTime.Of(Stopwatch.GetElapsedTime(start)), OllamaTime.Of(load), tokens);
        }
    }

    internal static async Task<KeepAliveJsonResult> EmbedOne(HttpContext context, RequestReader reader, EmbeddingService embeddings)
    {
        ModelRequest run = await reader.ReadModelRequestAsync(context).ConfigureAwait(false);
        OllamaEmbeddingsBody body = OllamaRequest.Read<OllamaEmbeddingsBody>(run.Body);
        ModelInstance model = embeddings.Find(OllamaRequest.ModelOf(body));
        string text = body.Prompt ?? "";
        return KeepAliveJsonResult.Of(EmbedAsync, OllamaJson.Wire.OllamaEmbeddingReply, run.Cancelled);

        async Task<OllamaEmbeddingReply> EmbedAsync(CancellationToken cancellationToken) => text.Length == 0
            ? new([])
            : new((await embeddings.EmbedAsync(model, text, truncates: true, body.KeepAlive, context.Trace(), cancellationToken).ConfigureAwait(false)).Vector);
    }
}
