using System.Text.Json;
using RkLlama.Engine.Generation.Vectors;
using RkLlama.Engine.Residency;
using RkLlama.Native;
using RkLlama.Server.Api.Common.Embeddings;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.OpenAi.Rerank;

/// <summary>The endpoints <c>POST /v1/rerank</c>, <c>/v1/reranking</c>, <c>/rerank</c> and <c>/reranking</c>.</summary>
internal static class RerankEndpoint
{
    internal static async Task<KeepAliveJsonResult> Create(HttpContext context, RequestReader reader, RerankService reranking, ModelHost host)
    {
        ModelRequest<Request> run = await reader.ReadModelRequestAsync(context, static (json, _) => Request.From(json)).ConfigureAwait(false);
        Request request = run.Request;
        ModelInstance model = request.Body.Model is { } name ? reranking.Find(name) : ResidentModel(host);
        context.Response.ReportIgnored(model, SamplingParameters.Default, request.Ignored);
        return new(chunks => WriteAsync(chunks, reranking, model, request, context, run.Cancelled), run.Cancelled);
    }

    /// <summary>Returns the most recently used reranking model in memory.</summary>
    /// <exception cref="NoModelException">There is none.</exception>
    private static ModelInstance ResidentModel(ModelHost host) =>
        host.Residents.LastOrDefault(static resident => resident.Model.Role == ModelRole.Reranking)?.Model ?? host.GetResident();

    private static async Task WriteAsync(
        JsonChunks chunks, RerankService reranking, ModelInstance model, Request request, HttpContext context, CancellationToken cancellationToken)
    {
        RerankBody body = request.Body;
        RerankScores scores = await reranking.RerankAsync(
            model, body.Query, request.Documents, body.Instruction, body.MaxTokensPerDoc, context.Trace(), cancellationToken).ConfigureAwait(false);

        // OrderBy keeps the order of documents with equal scores.
        IEnumerable<int> best = Enumerable.Range(0, scores.Values.Length).OrderByDescending(index => scores.Values[index]).Take(body.TopN ?? int.MaxValue);
        if (body.Texts is not null)
        {
            RerankRank[] ranks = [.. best.Select(index => new RerankRank(index, scores.Values[index], body.ReturnText == true ? request.Documents[index] : null))];
            chunks.Write(ranks, OpenAiJson.Wire.RerankRankArray);
            return;
        }

        RerankResult[] results =
        [
            .. best.Select(index => new RerankResult(index, scores.Values[index], body.ReturnDocuments == false ? null : new(request.Documents[index]))),
        ];
        RerankReply reply = new(
            OpenAiWriter.NewId("rerank-"),
            "list",
            model.Name,
            results,
            new(scores.PromptTokens, scores.PromptTokens, scores.Cut),
            new(new("2"), new(1)));
        chunks.Write(reply, OpenAiJson.Wire.RerankReply);
    }

    /// <summary>The parsed and checked body.</summary>
    private sealed record Request(RerankBody Body, IReadOnlyList<string> Documents, IReadOnlyList<string> Ignored)
    {
        /// <exception cref="ApiException">Status 400: a field is missing, not supported, or has a wrong value.</exception>
        internal static Request From(JsonElement json)
        {
            RerankBody body = OpenAiRequest.Read<RerankBody>(json);
            if (string.IsNullOrWhiteSpace(body.Query))
                throw ApiException.BadRequest("query is missing or empty: send a text.", "query");
            string field = body.Texts is null ? "documents" : "texts";
            string[] documents = body.Texts ?? [.. (body.Documents ?? []).Select((document, index) => TextOf(document, index))];
            if (documents.Length == 0)
                throw ApiException.BadRequest($"{field} is missing or empty: send an array of texts.", field);
            if (documents.Length > EmbeddingInput.MaxTexts)
                throw ApiException.BadRequest($"{field} has {documents.Length} texts, at most {EmbeddingInput.MaxTexts} are allowed.", field);
            return new(body, documents, IgnoredFields.Unknown<RerankBody>(OpenAiBodyJson.Reader, json));
        }

        private static string TextOf(JsonElement document, int index) => document switch
        {
            { ValueKind: JsonValueKind.String } => document.GetString()!,
            { ValueKind: JsonValueKind.Object } when document.TryGetProperty("text", out JsonElement text) && text.ValueKind == JsonValueKind.String => text.GetString()!,
            _ => throw JsonFields.Wrong($"documents[{index}]", "a text, or an object with the field text"),
        };
    }
}
