using RkLlama.Engine.Generation.Vectors;
using RkLlama.Engine.Residency;
using RkLlama.Native;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.OpenAi.Rerank;

/// <summary>The endpoints <c>POST /v1/rerank</c>, <c>/v2/rerank</c>, <c>/v1/reranking</c>, <c>/rerank</c> and <c>/reranking</c>.</summary>
internal static class RerankEndpoint
{
    internal static async Task<KeepAliveJsonResult> Create(HttpContext context, RequestReader reader, RerankService reranking, ExceptionMapper exceptions)
    {
        ModelRequest<RerankRequest> run = await reader.ReadModelRequestAsync(context, static (json, _) => RerankRequest.From(json)).ConfigureAwait(false);
        RerankRequest request = run.Request;
        try
        {
            ModelInstance model = request.Body.Model is { Length: > 0 } name ? reranking.Find(name) : reranking.FindDefault();
            context.Response.ReportIgnored(model, SamplingParameters.Default, request.Ignored);
            return new(chunks => WriteAsync(chunks, reranking, model, request, context, exceptions, run.Cancelled), run.Cancelled);
        }
        catch (Exception ex) when (request.IsInference)
        {
            throw InferenceError.Of(exceptions.Map(ex));
        }
    }

    private static async Task WriteAsync(
        JsonChunks chunks, RerankService reranking, ModelInstance model, RerankRequest request, HttpContext context, ExceptionMapper exceptions, CancellationToken cancellationToken)
    {
        RerankBody body = request.Body;
        RerankScores scores;
        try
        {
            RerankInput input = new(body.Query, request.Documents, request.Field)
            {
                Instruction = body.Instruction,
                MaxTokensPerDocument = body.MaxTokensPerDoc,
                Truncates = body.Truncate ?? true,
            };
            scores = await reranking.RerankAsync(model, input, context.Trace(), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception ex) when (request.IsInference && ex is not OperationCanceledException)
        {
            throw InferenceError.Of(exceptions.Map(ex));
        }

        // OrderBy keeps the order of documents with equal scores.
        IEnumerable<int> best = Enumerable.Range(0, scores.Values.Length).OrderByDescending(index => scores.Values[index]).Take(body.TopN ?? int.MaxValue);
        if (request.IsInference)
        {
            double[] values = body.RawScores == true ? scores.Differences : scores.Values;
            RerankRank[] ranks = [.. best.Select(index => new RerankRank(index, values[index], body.ReturnText == true ? request.Documents[index] : null))];
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
}
