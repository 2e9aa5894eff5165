using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Residency;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Api.LlamaServer.Infill;
using RkLlama.Server.Api.LlamaServer.Streams;
using RkLlama.Server.Api.LlamaServer.Tokens;
using RkLlama.Server.Http;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.LlamaServer;

/// <summary>Endpoints of llama-server that have no counterpart in the other APIs, and the tokenizer endpoints of vLLM, which have the same paths.</summary>
internal sealed class LlamaServerApi : IApi
{
    private static readonly string[] Read = [HttpMethods.Get, HttpMethods.Head];

    public string Name => "llama-server";

    public string Title => "llama-server";

    public string Description => "Endpoints of llama-server: tokenizer, chat template, properties, slots, fill-in-the-middle and resumable streams.";

    public PathString? Prefix => null;

    public string JsonContentType => "application/json";

    public Type ErrorType => typeof(LlamaServerError);

    public byte[] SerializeError(ApiException error, string requestId) =>
        JsonSerializer.SerializeToUtf8Bytes(LlamaServerError.From(error), LlamaServerJson.Wire.LlamaServerError);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/tokenize", TokenEndpoints.Tokenize).WithMetadata(LlamaServerOperations.Tokenize("tokenize"));
        routes.MapPost("/v1/tokenize", TokenEndpoints.Tokenize).WithMetadata(LlamaServerOperations.Tokenize("tokenizeV1"));
        routes.MapPost("/detokenize", TokenEndpoints.Detokenize).WithMetadata(LlamaServerOperations.Detokenize("detokenize"));
        routes.MapPost("/v1/detokenize", TokenEndpoints.Detokenize).WithMetadata(LlamaServerOperations.Detokenize("detokenizeV1"));
        routes.MapPost("/apply-template", TokenEndpoints.ApplyTemplate).WithMetadata(LlamaServerOperations.ApplyTemplate);
        routes.MapMethods("/props", Read, ServerEndpoints.Props).WithMetadata(LlamaServerOperations.Props);
        routes.MapMethods("/slots", Read, ServerEndpoints.Slots).WithMetadata(LlamaServerOperations.Slots);
        routes.MapMethods("/v1/stream/{id}", Read, StreamEndpoints.Resume).WithMetadata(LlamaServerOperations.ResumeStream("resumeStream"));
        routes.MapDelete("/v1/stream/{id}", StreamEndpoints.Cancel).WithMetadata(LlamaServerOperations.CancelStream("cancelStream"));
        routes.MapMethods("/v1/stream", Read, StreamEndpoints.Resume).WithMetadata(LlamaServerOperations.ResumeStream("resumeStreamByQuery"));
        routes.MapDelete("/v1/stream", StreamEndpoints.Cancel).WithMetadata(LlamaServerOperations.CancelStream("cancelStreamByQuery"));
        routes.MapPost("/v1/streams/lookup", StreamEndpoints.Lookup).WithMetadata(LlamaServerOperations.LookUpStreams);
        routes.MapPost("/infill", FillGap).WithMetadata(LlamaServerOperations.Infill);
    }

    private static async Task<GenerationResult> FillGap(HttpContext context, RequestReader reader, GenerationService generation, ModelHost host)
    {
        ModelRequest<InfillRequest> run = await reader.ReadModelRequestAsync(context, static (json, _) => InfillRequest.From(json), canResume: true).ConfigureAwait(false);
        InfillRequest request = run.Request with { Model = RequestedModel.Of(run.Request.Model, host) };
        GenerationStream answer = await generation.StartAsync(request.ToGeneration(context.Trace()), run.Cancelled).ConfigureAwait(false);
        context.Response.ReportIgnored(answer.Model, request.Sampling, request.Unsupported);
        return new(answer, new InfillWriter(request, answer.PromptTokens), request.Stream, run.Cancelled);
    }
}
