using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers.Worker;
using RkLlama.Server.Http;
using RkLlama.Server.Middleware;

namespace RkLlama.Server.Api.OpenAi;

/// <summary><c>POST /v1/embeddings</c>.</summary>
internal static class Embeddings
{
    internal static async Task<IResult> Create(HttpContext context, RequestReader reader, ModelHost host, Embedder embedder, Heartbeat heartbeat)
    {
        JsonElement body = await reader.ReadRunAsync(context).ConfigureAwait(false);
        EmbeddingsRequest request = EmbeddingsRequest.From(body);
        LoadedModel model = host.Find(request.Model);
        return new AwaitedJsonAnswer<EmbeddingList>(EmbedAsync, ApiJson.Wire.EmbeddingList, heartbeat);

        async Task<EmbeddingList> EmbedAsync(CancellationToken cancellationToken)
        {
            List<EmbeddingItem> items = [];
            int tokens = 0;
            foreach (string text in request.Input)
            {
                TextEmbedding one = await embedder.EmbedAsync(model, text, truncates: false, null, context.Ledger(), cancellationToken).ConfigureAwait(false);
                items.Add(new("embedding", items.Count, new(Shorten(one.Vector, request.Dimensions), request.IsBase64)));
                tokens += one.PromptTokens;
            }

            return new("list", [.. items], request.Model, new(tokens, tokens));
        }
    }

    /// <summary>The first values alone, again of length 1: for models that were trained to allow it.</summary>
    /// <exception cref="ApiException">400: the model has fewer.</exception>
    internal static float[] Shorten(float[] vector, int? dimensions)
    {
        if (dimensions is not { } wanted || wanted == vector.Length)
            return vector;
        if (wanted > vector.Length)
            throw ApiException.BadRequest($"dimensions is {wanted}, but the model's vectors have {vector.Length}.", "dimensions");
        float[] shorter = vector[..wanted];
        Embedding.Normalize(shorter);
        return shorter;
    }
}
