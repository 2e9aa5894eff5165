using System.Text;
using System.Text.Json;
using Microsoft.Net.Http.Headers;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Models;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Api.Page;
using RkLlama.Server.Http;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.RkLlama;

/// <summary>
/// The RkLlama API: the six endpoints of the Python service rkllama that its guide describes (docs/guide.md), and the two with which its client downloads and
/// deletes models.
/// </summary>
internal sealed class RkLlamaApi : IApi
{
    private static readonly string[] Read = [HttpMethods.Get, HttpMethods.Head];

    public string Name => "rkllama";

    public string Title => "RkLlama";

    public string Description => "The RkLlama API: one model, loaded and unloaded by the operator.";

    public PathString? Prefix => null;

    public string JsonContentType => "application/json";

    public Type ErrorType => typeof(ErrorReply);

    public byte[] SerializeError(ApiException error, string requestId) => JsonSerializer.SerializeToUtf8Bytes(error.Reply, ErrorJson.Wire.ErrorReply);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/", Read, Welcome).WithMetadata(RkLlamaOperations.Welcome, EndpointAccess.Open);
        routes.MapMethods("/models", Read, ListModels).WithMetadata(RkLlamaOperations.ListModels);
        routes.MapMethods("/models/{name}/files", Read, SharedFileEndpoints.List).WithMetadata(RkLlamaOperations.ListFiles);
        routes.MapMethods("/models/{name}/files/{**path}", Read, SharedFileEndpoints.Get).WithMetadata(RkLlamaOperations.GetFile);
        routes.MapMethods("/current_model", Read, CurrentModel).WithMetadata(RkLlamaOperations.CurrentModel);
        routes.MapPost("/load_model", LoadModel).WithMetadata(RkLlamaOperations.LoadModel, EndpointAccess.Management);
        routes.MapPost("/unload_model", UnloadModel).WithMetadata(RkLlamaOperations.UnloadModel, EndpointAccess.Management);
        routes.MapPost("/generate", Generate).WithMetadata(RkLlamaOperations.Generate);
        routes.MapPost("/pull", ModelFileEndpoints.Pull).WithMetadata(RkLlamaOperations.Pull, EndpointAccess.Management);
        routes.MapDelete("/rm", ModelFileEndpoints.Remove).WithMetadata(RkLlamaOperations.Remove, EndpointAccess.Management);
        routes.MapDelete("/remove", ModelFileEndpoints.Remove).WithMetadata(RkLlamaOperations.RemoveAlias, EndpointAccess.Management);
    }

    // Text and link are those of docs/guide.md. Browsers get the page.
    private static IResult Welcome(HttpContext context, NodeOptions options)
    {
        if (options.HasPage)
        {
            context.Response.Headers.Vary = HeaderNames.Accept;
            if (HttpMethods.IsGet(context.Request.Method) && BrowserRequest.PrefersPage(context.Request))
                return new RelativeRedirect("ui/");
        }

        return new JsonResult<WelcomeReply>(new("Welcome to RKLLama !", "https://github.com/notpunhnox/rkllama"), RkLlamaJson.Wire.WelcomeReply);
    }

    private static JsonResult<ModelsReply> ListModels(ModelCatalog catalog) => new(new(catalog.List()), RkLlamaJson.Wire.ModelsReply);

    private static JsonResult<CurrentModelReply> CurrentModel(ModelHost host)
    {
        // A model for embeddings or reranking is not the one that the client of the guide means.
        if (host.Current is not { Role: ModelRole.Chat } model)
            throw new ApiException(StatusCodes.Status404NotFound, new(new NoModelException().Message));

        ModelStatus status = host.Status;
        bool isWell = status.State is not (ModelState.Restarting or ModelState.Failed or ModelState.Stuck);
        return new(
            isWell
                ? new(model.Name, model.Name, null, null)
                : new(model.Name, model.Name, status.State.ToWire(), status.Failure ?? status.LastFault?.Reason),
            RkLlamaJson.Wire.CurrentModelReply);
    }

    /// <summary>
    /// Loads a model. Checks in the same order as the Python service: if a model is already loaded, the error says so, even if the body is invalid too.
    /// </summary>
    private static async Task<JsonResult<MessageReply>> LoadModel(HttpContext context, RequestReader reader, ModelCatalog catalog, ModelHost host, ModelScheduler scheduler)
    {
        if (host.RefusesLoads)
            throw new ModelAlreadyLoadedException();

        LoadModelRequest request = LoadModelRequest.Parse(await reader.ReadAsync(context).ConfigureAwait(false));
        ModelEntry entry;
        try
        {
            entry = catalog.Find(catalog.Resolve(request.ModelName) ?? request.ModelName, request.From, request.HuggingFacePath);
        }
        catch (ModelException ex)
        {
            throw NotLoaded(ex.Message, ex);
        }

        ModelInstance model;
        try
        {
            model = await scheduler.LoadAsync(entry, context.RequestAborted).ConfigureAwait(false);
        }
        catch (EngineException ex)
        {
            throw NotLoaded($"Model {entry.Name} could not be loaded: {ex.Message.TrimEnd('.', '!')}.", ex);
        }
        catch (NoModelException)
        {
            throw ApiException.BadRequest($"Model {entry.Name} could not be loaded: it was unloaded meanwhile.");
        }

        // A header, because the body is that of the guide. The log has a warning that is not ASCII.
        if (model.Prompts is { IsCompletedSuccessfully: true, Result: var prompts }
            && prompts.Notes.FirstOrDefault(static note => note.Command is not null)?.Text is { } warning && Ascii.IsValid(warning))
        {
            context.Response.Headers[RkLlamaHeaders.Warning] = warning;
        }

        return new(new($"Model {entry.Name} loaded successfully."), RkLlamaJson.Wire.MessageReply);
    }

    private static ApiException NotLoaded(string message, Exception cause) =>
        new(StatusCodes.Status400BadRequest, new(message) { See = LoadFailure.Hint(cause) });

    private static async Task<JsonResult<MessageReply>> UnloadModel(ModelHost host)
    {
        await host.UnloadAsync().ConfigureAwait(false);
        return new(new("Model unloaded successfully."), RkLlamaJson.Wire.MessageReply);
    }

    private static async Task<GenerationResult> Generate(
        HttpContext context, RequestReader reader, ModelHost host, Readiness readiness, GenerationService generation)
    {
        // This check is first: if no model is loaded, this is the error, even if the body is invalid.
        if (!host.HasChatModel)
            throw readiness.NoModel();

        ModelRequest<GenerateRequest> run = await reader.ReadModelRequestAsync(context, static (json, _) => GenerateRequest.From(json), canResume: true).ConfigureAwait(false);
        GenerateRequest request = run.Request;
        GenerationStream answer = await generation.StartAsync(request.ToGeneration(context.Trace()), run.Cancelled).ConfigureAwait(false);
        context.Response.ReportIgnored(answer.Model, SamplingParameters.Default, [.. request.Ignored, .. answer.Ignored.Names(["enable_thinking"])]);
        return new(answer, new GenerateWriter(answer.PromptTokens), request.Stream, run.Cancelled);
    }
}
