using System.Diagnostics;
using System.Text.Json;
using RkLlama.Engine.Generation.Vectors;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Native;
using RkLlama.Server.Api.Common.Embeddings;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.Ollama;

/// <summary>The endpoints <c>POST /api/embed</c> and <c>POST /api/embeddings</c>. The latter is older.</summary>
internal static class OllamaEmbeddingEndpoints
{
    internal static async Task<KeepAliveJsonResult> Embed(HttpContext context, RequestReader reader, EmbeddingService embeddings, ModelScheduler scheduler)
    {
        long start = Stopwatch.GetTimestamp();
        ModelRequest<OllamaEmbedRequest> run = await reader.ReadModelRequestAsync(context, static (json, _) => OllamaEmbedRequest.From(json)).ConfigureAwait(false);
        OllamaEmbedRequest request = run.Request;
        ModelInstance model = embeddings.Find(request.Model);
        EmbeddingBatch batch = await embeddings.StartAsync(
            model, request.Input, request.Truncates, request.KeepAlive, context.Trace(), run.Cancelled, skipsEmpty: !request.IsList, request.InputType.Type).ConfigureAwait(false);
        context.Response.ReportIgnored(model, SamplingParameters.Default, [.. request.Unsupported, .. request.InputType.IgnoredBy(model)]);
        return new(WriteAsync, run.Cancelled);

        async Task WriteAsync(JsonChunks chunks)
        {
            // As in Ollama, a request without texts only loads the model.
            if (request.Input.Count == 0)
                (await scheduler.AcquireAsync(model, new(model.Name) { Trace = context.Trace() }, request.KeepAlive, run.Cancelled).ConfigureAwait(false)).Dispose();
            await OllamaEmbeddingEndpoints.WriteAsync(chunks, batch, request, start, run.Cancelled).ConfigureAwait(false);
        }
    }

    internal static async Task<KeepAliveJsonResult> EmbedOne(HttpContext context, RequestReader reader, EmbeddingService embeddings)
    {
        ModelRequest<OllamaEmbedRequest> run = await reader.ReadModelRequestAsync(context, static (json, _) => OllamaEmbedRequest.FromOne(json)).ConfigureAwait(false);
        OllamaEmbedRequest request = run.Request;
        ModelInstance model = embeddings.Find(request.Model);
        EmbeddingBatch batch = await embeddings.StartAsync(
            model, request.Input, request.Truncates, request.KeepAlive, context.Trace(), run.Cancelled, skipsEmpty: true, request.InputType.Type).ConfigureAwait(false);
        context.Response.ReportIgnored(model, SamplingParameters.Default, [.. request.Unsupported, .. request.InputType.IgnoredBy(model)]);
        return KeepAliveJsonResult.Of(EmbedAsync, OllamaJson.Wire.OllamaEmbeddingReply, run.Cancelled);

        async Task<OllamaEmbeddingReply> EmbedAsync(CancellationToken cancellationToken)
        {
            float[] vector = [];
            await foreach (float[] one in batch.EmbedAsync(cancellationToken).ConfigureAwait(false))
                vector = one;
            return new(vector);
        }
    }

    /// <summary>Writes an <see cref="OllamaEmbedReply"/>, one vector after the other.</summary>
    /// <param name="start">When the request arrived, as a <see cref="Stopwatch"/> timestamp.</param>
    private static async Task WriteAsync(JsonChunks chunks, EmbeddingBatch batch, OllamaEmbedRequest request, long start, CancellationToken cancellationToken)
    {
        using Utf8JsonWriter json = chunks.NewWriter(OllamaJson.Wire.Options);
        json.WriteStartObject();
        json.WriteString("model"u8, request.Model);
        json.WriteStartArray("embeddings"u8);
        await foreach (float[] vector in batch.EmbedAsync(cancellationToken).ConfigureAwait(false))
        {
            JsonSerializer.Serialize(json, EmbeddingDimensions.Shorten(vector, request.Dimensions), OllamaJson.Wire.SingleArray);
            json.Flush();
            await chunks.PassOnAsync(cancellationToken).ConfigureAwait(false);
        }

        json.WriteEndArray();
        json.WriteNumber("total_duration"u8, OllamaTime.Of(Stopwatch.GetElapsedTime(start)));
        json.WriteNumber("load_duration"u8, OllamaTime.Of(batch.Load));
        json.WriteNumber("prompt_eval_count"u8, batch.PromptTokens);
        json.WriteEndObject();
    }
}
