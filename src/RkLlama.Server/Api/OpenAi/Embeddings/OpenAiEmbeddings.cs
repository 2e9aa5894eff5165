using RkLlama.Engine.Generation;
using RkLlama.Engine.Residency;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.OpenAi.Embeddings;

/// <summary>The endpoint <c>POST /v1/embeddings</c>.</summary>
internal static class OpenAiEmbeddings
{
    internal static async Task<KeepAliveJsonResult> Create(HttpContext context, RequestReader reader, EmbeddingService embeddings)
    {
        ModelRequest run = await reader.ReadModelRequestAsync(context).ConfigureAwait(false);
        EmbeddingsRequest request = EmbeddingsRequest.From(run.Body);
        ModelInstance model = embeddings.Find(request.Model);
        return KeepAliveJsonResult.Of(EmbedAsync, OpenAiJson.Wire.EmbeddingList, run.Cancelled);

        async Task<EmbeddingList> EmbedAsync(CancellationToken cancellationToken)
        {
            List<EmbeddingItem> items = [];
            int tokens = 0;
            foreach (string text in request.Input)
            {
                TextEmbedding one = await embeddings.EmbedAsync(model, text, truncates: false, null, context.Trace(), cancellationToken).ConfigureAwait(false);
                items.Add(new("embedding", items.Count, new(EmbeddingDimensions.Shorten(one.Vector, request.Dimensions), request.IsBase64)));
                tokens += one.PromptTokens;
            }

            return new("list", [.. items], request.Model, new(tokens, tokens));
        }
    }
}
