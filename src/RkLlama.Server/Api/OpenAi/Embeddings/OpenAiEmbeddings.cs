using System.Text.Json;
using RkLlama.Engine.Generation.Vectors;
using RkLlama.Engine.Residency;
using RkLlama.Native;
using RkLlama.Server.Api.Common.Embeddings;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.OpenAi.Embeddings;

/// <summary>The endpoint <c>POST /v1/embeddings</c>.</summary>
internal static class OpenAiEmbeddings
{
    internal static async Task<KeepAliveJsonResult> Create(HttpContext context, RequestReader reader, EmbeddingService embeddings, ModelHost host)
    {
        ModelRequest<EmbeddingsRequest> run = await reader.ReadModelRequestAsync(context, static (json, _) => EmbeddingsRequest.From(json)).ConfigureAwait(false);
        EmbeddingsRequest request = run.Request with { Model = RequestedModel.Of(run.Request.Model, host) };
        ModelInstance model = embeddings.Find(request.Model);
        EmbeddingBatch batch = await embeddings.StartAsync(
            model, request.Input, truncates: false, null, context.Trace(), run.Cancelled, type: request.InputType.Type).ConfigureAwait(false);
        context.Response.ReportIgnored(model, SamplingParameters.Default, [.. request.Unsupported, .. request.InputType.IgnoredBy(model)]);
        return new(chunks => WriteAsync(chunks, batch, request, run.Cancelled), run.Cancelled);
    }

    /// <summary>Writes an <see cref="EmbeddingList"/>, one item after the other.</summary>
    private static async Task WriteAsync(JsonChunks chunks, EmbeddingBatch batch, EmbeddingsRequest request, CancellationToken cancellationToken)
    {
        using Utf8JsonWriter json = chunks.NewWriter(OpenAiJson.Wire.Options);
        json.WriteStartObject();
        json.WriteString("object"u8, "list"u8);
        json.WriteStartArray("data"u8);
        int index = 0;
        await foreach (float[] vector in batch.EmbedAsync(cancellationToken).ConfigureAwait(false))
        {
            EmbeddingValues values = new(EmbeddingDimensions.Shorten(vector, request.Dimensions), request.IsBase64);
            JsonSerializer.Serialize(json, new("embedding", index++, values), OpenAiJson.Wire.EmbeddingItem);
            json.Flush();
            await chunks.PassOnAsync(cancellationToken).ConfigureAwait(false);
        }

        json.WriteEndArray();
        json.WriteString("model"u8, request.Model);
        json.WritePropertyName("usage"u8);
        JsonSerializer.Serialize(json, new(batch.PromptTokens, batch.PromptTokens), OpenAiJson.Wire.EmbeddingUsage);
        json.WriteEndObject();
    }
}
