using System.Text;
using System.Text.Json;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Models;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Server.Api.Operations;
using RkLlama.Server.Hosting;
using RkLlama.Server.Http;
using RkLlama.Server.Middleware;

namespace RkLlama.Server.Api.RkLlama;

/// <summary>The guide's API: six endpoints, and two of the Python service's that do not exist yet.</summary>
internal static class RkLlamaEndpoints
{
    private static readonly string[] Read = [HttpMethods.Get, HttpMethods.Head];

    internal static void MapRkLlama(this IEndpointRouteBuilder app)
    {
        app.MapMethods("/", Read, Welcome);
        app.MapMethods("/models", Read, ListModels);
        app.MapMethods("/current_model", Read, CurrentModel);
        app.MapPost("/load_model", LoadModel);
        app.MapPost("/unload_model", UnloadModel);
        app.MapPost("/generate", Generate);
        app.MapPost("/pull", NotImplemented);
        app.MapDelete("/rm", NotImplemented);
    }

    // The guide's text, its link included.
    private static JsonAnswer<WelcomeReply> Welcome() =>
        new(new("Welcome to RKLLama !", "https://github.com/notpunhnox/rkllama"), ApiJson.Wire.WelcomeReply);

    private static JsonAnswer<ModelsReply> ListModels(ModelCatalog catalog)
    {
        try
        {
            return new(new(catalog.List()), ApiJson.Wire.ModelsReply);
        }
        catch (ModelException ex)
        {
            throw new ApiException(StatusCodes.Status500InternalServerError, new(ex.Message));
        }
    }

    private static JsonAnswer<CurrentModelReply> CurrentModel(ModelHost host)
    {
        if (host.Current is not { } model)
            throw new ApiException(StatusCodes.Status404NotFound, new(new NoModelException().Message));

        ModelStatus status = host.Status;
        bool isWell = status.State is ModelState.Loaded or ModelState.None or ModelState.Loading;
        return new(
            isWell
                ? new(model.Name, model.Name, null, null)
                : new(model.Name, model.Name, OperationsEndpoints.NameOf(status.State), status.Failure ?? status.LastFault?.Reason),
            ApiJson.Wire.CurrentModelReply);
    }

    /// <summary>The order of the checks is the Python service's: an occupied node says so before it looks at the body.</summary>
    private static async Task<JsonAnswer<MessageReply>> LoadModel(HttpContext context, RequestReader reader, ModelCatalog catalog, ModelHost host)
    {
        if (host.IsOccupied)
            throw new ModelOccupiedException();

        JsonElement body = await reader.ReadAsync(context).ConfigureAwait(false);
        LoadModelRequest request = LoadModelRequest.Parse(body);
        ModelEntry entry;
        try
        {
            entry = catalog.Find(request.ModelName, request.From, request.HuggingFacePath);
        }
        catch (ModelException ex)
        {
            throw NotLoaded(ex.Message, ex);
        }

        try
        {
            await host.LoadAsync(entry).ConfigureAwait(false);
        }
        catch (EngineException ex)
        {
            throw NotLoaded($"Model {entry.Name} could not be loaded: {ex.Message.TrimEnd('.', '!')}.", ex);
        }
        catch (NoModelException)
        {
            throw ApiException.BadRequest($"Model {entry.Name} could not be loaded: it was unloaded meanwhile.");
        }

        return new(new($"Model {entry.Name} loaded successfully."), ApiJson.Wire.MessageReply);
    }

    private static ApiException NotLoaded(string message, Exception cause) =>
        new(StatusCodes.Status400BadRequest, new(message) { See = LoadFailure.Hint(cause) });

    private static async Task<JsonAnswer<MessageReply>> UnloadModel(ModelHost host)
    {
        await host.UnloadAsync().ConfigureAwait(false);
        return new(new("Model unloaded successfully."), ApiJson.Wire.MessageReply);
    }

    private static async Task<IResult> Generate(
        HttpContext context, RequestReader reader, ModelHost host, Readiness readiness, Generator generator, Heartbeat heartbeat)
    {
        try
        {
            host.Require();
        }
        catch (NoModelException) when (readiness.Refusal() is { } refusal)
        {
            throw refusal;
        }

        JsonElement body = await reader.ReadAsync(context).ConfigureAwait(false);
        CancellationToken cancellationToken = context.RequestAborted;
        GenerateRequest request = GenerateRequest.From(body);
        Answer answer = await generator.PrepareAsync(request.ToGeneration() with { Ledger = context.Ledger() }, cancellationToken).ConfigureAwait(false);
        if (!request.Stream)
            return new AwaitedJsonAnswer<GenerateReply>(left => WholeAsync(answer, left), ApiJson.Wire.GenerateReply, heartbeat);

        IAsyncEnumerable<GenerateReply> lines = heartbeat.FillAsync(Lines(answer, cancellationToken), () => Silence(answer), cancellationToken);
        return new NdjsonStream<GenerateReply>(lines, ApiJson.Wire.GenerateReply);
    }

    private static async Task<GenerateReply> WholeAsync(Answer answer, CancellationToken cancellationToken)
    {
        StringBuilder content = new();
        AnswerPart last = default;
        await foreach (AnswerPart part in answer.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            content.Append(part.Text);
            last = part;
        }

        return GenerateReply.From(content.ToString(), Name(last.End), Usage(answer, last));
    }

    /// <summary>A line like any other, with nothing in it: clients that know no heartbeats add it to the answer and see no difference.</summary>
    private static GenerateReply Silence(Answer answer) => GenerateReply.From("", null, Usage(answer, default));

    private static async IAsyncEnumerable<GenerateReply> Lines(
        Answer answer, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (AnswerPart part in answer.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            // A token that completes no character has nothing to show yet; the last line always goes out.
            if (part.Text.Length > 0 || part.End is not null)
                yield return GenerateReply.From(part.Text, Name(part.End), Usage(answer, part));
        }
    }

    private static GenerateUsage Usage(Answer answer, AnswerPart part) =>
        new(answer.PromptTokens, part.Tokens, Math.Round(part.TokensPerSecond, 2), answer.PromptTokens + part.Tokens);

    private static string? Name(GenerationEnd? end) => end?.Reason switch
    {
        null => null,
        FinishReason.Length => "length",
        _ => "stop",
    };

    private static void NotImplemented(HttpContext context) =>
        throw new ApiException(StatusCodes.Status501NotImplemented, new($"{context.Request.Path.Value} is not implemented."));
}
