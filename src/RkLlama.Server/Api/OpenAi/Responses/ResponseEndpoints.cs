using RkLlama.Engine.Generation;
using RkLlama.Engine.Residency;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Api.OpenAi.Stored;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.OpenAi.Responses;

/// <summary>The endpoints that create responses. <see cref="StoredResponseEndpoints"/> has those of stored ones.</summary>
internal static class ResponseEndpoints
{
    internal static void Map(IEndpointRouteBuilder routes, string[] read)
    {
        routes.MapPost("/v1/responses", Create).WithMetadata(OpenAiOperations.CreateResponse);
        routes.MapPost("/v1/responses/input_tokens", CountInputTokens).WithMetadata(OpenAiOperations.CountInputTokens);
        routes.MapPost("/v1/responses/compact", Compact).WithMetadata(StoredOperations.CompactResponse);
        StoredResponseEndpoints.Map(routes, read);
    }

    private static async Task<IResult> Create(HttpContext context, RequestReader reader, GenerationService generation, ModelHost host, ResumableStreams streams, TimeProvider time)
    {
        OwnedAnswers answers = OwnedAnswers.Of(context);
        ModelRequest<ResponsesRequest> run = await reader.ReadModelRequestAsync(
            context, (json, cpu) => ResponsesRequest.From(json, cpu, answers), canResume: true, outlivesConnection: static request => request.Storage.IsBackground).ConfigureAwait(false);
        ResponsesRequest request = run.Request with { Model = RequestedModel.Of(run.Request.Model, host) };
        GenerationStream answer = await generation.StartAsync(request.ToGeneration(context.Trace()), run.Cancelled).ConfigureAwait(false);
        context.Response.ReportIgnored(
            answer.Model,
            request.Sampling,
            [.. request.Unsupported, .. answer.Ignored.Names(request.ThinkingSwitches)],
            () => request.Tools.IgnoredBy(answer, request.Stream));
        ResponseBuilder builder = new(request, time.GetUtcNow().ToUnixTimeSeconds());
        ResponseRecorder? recorder = StartRecorder(context, answers, request, builder, answer);
        ResponseWriter writer = new(builder, recorder);
        if (!request.Storage.IsBackground)
            return new GenerationResult(answer, writer, request.Stream, run.Cancelled, recorder);

        Response queued = builder.Pending("queued");
        ResumableStream stream = streams.Start(context, new(answers.Owner, builder.Id), answer, writer, recorder, isBackground: true, run.Cancelled);
        await answers.FlushAsync().ConfigureAwait(false);
        return request.Stream ? new ResumedResult(stream, 0) : new JsonResult<Response>(queued, OpenAiJson.Wire.Response);
    }

    private static ResponseRecorder? StartRecorder(HttpContext context, OwnedAnswers answers, ResponsesRequest request, ResponseBuilder builder, GenerationStream answer)
    {
        try
        {
            return ResponseRecorder.Start(context, answers, request, builder);
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }

    private static async Task<JsonResult<ResponseInputTokens>> CountInputTokens(HttpContext context, RequestReader reader, GenerationService generation, ModelHost host)
    {
        // Counting runs no model, so a retry replaces nothing.
        OwnedAnswers answers = OwnedAnswers.Of(context);
        ResponsesRequest request = await reader.ReadAsync(context, (json, cpu) => ResponsesRequest.From(json, cpu, answers)).ConfigureAwait(false);
        request = request with { Model = RequestedModel.Of(request.Model, host) };
        int tokens = await generation.CountTokensAsync(request.ToGeneration(context.Trace()), context.RequestAborted).ConfigureAwait(false);
        return new(new("response.input_tokens", tokens), OpenAiJson.Wire.ResponseInputTokens);
    }

    private static JsonResult<Response> Compact() =>
        throw new ApiException(StatusCodes.Status400BadRequest, new("compact is not supported: send the items that matter as input, or ask the model for a summary.")) { Code = "unsupported_value" };
}
