using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Models;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Api.OpenAi.Chat;
using RkLlama.Server.Api.OpenAi.Completions;
using RkLlama.Server.Api.OpenAi.Conversations;
using RkLlama.Server.Api.OpenAi.Embeddings;
using RkLlama.Server.Api.OpenAi.Rerank;
using RkLlama.Server.Api.OpenAi.Responses;
using RkLlama.Server.Api.OpenAi.Stored;
using RkLlama.Server.Http;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>The OpenAI API, as far as it applies to text models on this runtime.</summary>
internal sealed class OpenAiApi : IApi
{
    private static readonly string[] Read = [HttpMethods.Get, HttpMethods.Head];

    public string Name => "openai";

    public string Title => "OpenAI";

    public string Description => "OpenAI's API, as far as text models on this runtime can serve it. If the requested model is not loaded, the server loads it.";

    public PathString? Prefix => "/v1";

    public string JsonContentType => "application/json";

    public Type ErrorType => typeof(OpenAiError);

    public byte[] SerializeError(ApiException error, string requestId) => error.InferenceType is null
        ? JsonSerializer.SerializeToUtf8Bytes(OpenAiError.From(error), OpenAiJson.Wire.OpenAiError)
        : JsonSerializer.SerializeToUtf8Bytes(InferenceError.From(error), OpenAiJson.Wire.InferenceError);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/v1/models", Read, ListModels).WithMetadata(OpenAiOperations.ListModels);

        // An id in the path may contain slashes, which some clients escape. No model has such a name, so the answer is a 404 of this API. The pattern needs a first
        // segment: a pattern that matches the list too adds its methods to the list's Allow header.
        routes.MapMethods("/v1/models/{id}/{**rest}", Read, GetModel).WithMetadata(OpenAiOperations.GetModel);
        routes.MapDelete("/v1/models/{id}/{**rest}", DeleteModel).WithMetadata(OpenAiOperations.DeleteModel, EndpointAccess.Management);
        routes.MapPost("/v1/chat/completions", CreateChatCompletion).WithMetadata(OpenAiOperations.CreateChatCompletion);
        routes.MapPost("/v1/completions", CreateCompletion).WithMetadata(OpenAiOperations.CreateCompletion);
        StoredCompletionEndpoints.Map(routes, Read);
        ResponseEndpoints.Map(routes, Read);
        ConversationEndpoints.Map(routes, Read);
        routes.MapPost("/v1/embeddings", OpenAiEmbeddings.Create).WithMetadata(OpenAiOperations.CreateEmbeddings);
        routes.MapPost("/v1/rerank", RerankEndpoint.Create).WithMetadata(OpenAiOperations.Rerank);

        // The paths of Cohere, of llama-server and of Text Embeddings Inference.
        routes.MapPost("/v2/rerank", RerankEndpoint.Create).WithMetadata(OpenAiOperations.RerankAlias("rerankV2"));
        routes.MapPost("/v1/reranking", RerankEndpoint.Create).WithMetadata(OpenAiOperations.RerankAlias("rerankV1Reranking"));
        routes.MapPost("/rerank", RerankEndpoint.Create).WithMetadata(OpenAiOperations.RerankAlias("rerankRoot"));
        routes.MapPost("/reranking", RerankEndpoint.Create).WithMetadata(OpenAiOperations.RerankAlias("rerankRootReranking"));
    }

    private static JsonResult<ModelList> ListModels(ModelCatalog catalog, ModelHost host) =>
        new(new("list", [.. catalog.Describe().Select(file => Card(file, host))]), OpenAiJson.Wire.ModelList);

    private static JsonResult<ModelCard> GetModel(string id, string? rest, ModelCatalog catalog, ModelHost host)
    {
        string requested = RequestedModel.InPath(id, rest);
        string name = catalog.Resolve(requested) ?? throw new ModelNotFoundException(requested);
        return new(Card(ModelFileInfo.Read(catalog, name), host), OpenAiJson.Wire.ModelCard);
    }

    private static async Task<JsonResult<ModelDeletion>> DeleteModel(string id, string? rest, ModelManager models)
    {
        string requested = RequestedModel.InPath(id, rest);
        await models.DeleteAsync(requested).ConfigureAwait(false);
        return new(new(requested, "model", Deleted: true), OpenAiJson.Wire.ModelDeletion);
    }

    private static ModelCard Card(ModelFileInfo file, ModelHost host)
    {
        int? context = host.FindResident(file.Name)?.Facts is { } loaded ? loaded.MaxContextLength : file.Modelfile?.NumCtx;
        return new(file.Name, "model", file.Modified.ToUnixTimeSeconds(), "rkllm", context);
    }

    private static async Task<GenerationResult> CreateChatCompletion(HttpContext context, RequestReader reader, GenerationService generation, ModelHost host, TimeProvider time)
    {
        ModelRequest<ChatCompletionRequest> run = await reader.ReadModelRequestAsync(context, ChatCompletionRequest.From(OwnedAnswers.Of(context).IsOn), canResume: true).ConfigureAwait(false);
        ChatCompletionRequest request = run.Request with { Model = RequestedModel.Of(run.Request.Model, host) };
        GenerationStream answer = await generation.StartAsync(request.ToGeneration(context.Trace()), run.Cancelled).ConfigureAwait(false);
        context.Response.ReportIgnored(
            answer.Model,
            request.Sampling,
            [.. request.Unsupported, .. answer.Ignored.Names(request.ThinkingSwitches)],
            () => request.Tools.IgnoredBy(answer, request.Stream));
        string id = OpenAiWriter.NewId("chatcmpl-");
        CompletionRecorder? recorder = request.StoredMessages is null ? null : new(OwnedAnswers.Of(context), id, request);
        ChatCompletionWriter writer = new(id, time.GetUtcNow().ToUnixTimeSeconds(), request, recorder);
        return new(answer, writer, request.Stream, run.Cancelled);
    }

    private static async Task<GenerationResult> CreateCompletion(HttpContext context, RequestReader reader, GenerationService generation, ModelHost host, TimeProvider time)
    {
        ModelRequest<TextCompletionRequest> run = await reader.ReadModelRequestAsync(context, static (json, _) => TextCompletionRequest.From(json), canResume: true).ConfigureAwait(false);
        TextCompletionRequest request = run.Request with { Model = RequestedModel.Of(run.Request.Model, host) };
        GenerationSequence answer = await GenerationSequence.StartAsync(generation, request.ToGenerations(context.Trace()), run.Cancelled).ConfigureAwait(false);
        context.Response.ReportIgnored(answer.Model, request.Sampling, request.Unsupported);
        TextCompletionWriter writer = new(OpenAiWriter.NewId("cmpl-"), time.GetUtcNow().ToUnixTimeSeconds(), request);
        return new(answer, writer, request.Stream, run.Cancelled);
    }
}
