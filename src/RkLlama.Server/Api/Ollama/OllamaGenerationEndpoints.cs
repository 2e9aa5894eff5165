using RkLlama.Engine.Configuration;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Http.Results;
using RkLlama.Server.Middleware;

namespace RkLlama.Server.Api.Ollama;

/// <summary>The endpoints <c>POST /api/chat</c> and <c>POST /api/generate</c>.</summary>
internal static class OllamaGenerationEndpoints
{
    internal static async Task<IResult> Chat(
        HttpContext context, RequestReader reader, GenerationService generation, ModelHost host, ModelScheduler scheduler, NodeOptions options, TimeProvider time)
    {
        ModelRequest<OllamaChatRequest> run = await reader.ReadModelRequestAsync(context, OllamaChatRequest.From, canResume: true).ConfigureAwait(false);
        OllamaChatRequest request = run.Request;
        OllamaChatWriter writer = new(request.Model, time);
        if (request.Messages.Count == 0)
        {
            ReadOnlyMiddleware.Check(options);
            return KeepAliveJsonResult.Of(_ => LoadAsync(host.Find(request.Model), request.KeepAlive), OllamaJson.Wire.OllamaChatReply, run.Cancelled);
        }

        GenerationStream answer = await generation.StartAsync(request.ToGeneration(context.Trace()), run.Cancelled).ConfigureAwait(false);
        context.Response.ReportIgnored(
            answer.Model, request.Options.Sampling, [.. request.Options.IgnoredBy(answer.Model), .. request.Ignored, .. answer.Ignored.Names(["think"])]);
        return new GenerationResult(answer, writer, request.Stream, run.Cancelled);

        async Task<OllamaChatReply> LoadAsync(ModelInstance model, TimeSpan? keepAlive) =>
            writer.Loaded(await LoadOrUnloadAsync(scheduler, model, keepAlive, run.Cancelled).ConfigureAwait(false));
    }

    internal static async Task<IResult> Generate(
        HttpContext context, RequestReader reader, GenerationService generation, ModelHost host, ModelScheduler scheduler, NodeOptions options, TimeProvider time)
    {
        ModelRequest<OllamaGenerateRequest> run = await reader.ReadModelRequestAsync(context, OllamaGenerateRequest.From, canResume: true).ConfigureAwait(false);
        OllamaGenerateRequest request = run.Request;
        OllamaGenerateWriter writer = new(request.Model, time);
        if (request.HasNoPrompt)
        {
            ReadOnlyMiddleware.Check(options);
            return KeepAliveJsonResult.Of(_ => LoadAsync(host.Find(request.Model), request.KeepAlive), OllamaJson.Wire.OllamaGenerateReply, run.Cancelled);
        }

        GenerationStream answer = await generation.StartAsync(request.ToGeneration(context.Trace()), run.Cancelled).ConfigureAwait(false);
        context.Response.ReportIgnored(
            answer.Model, request.Options.Sampling, [.. request.Options.IgnoredBy(answer.Model), .. request.Ignored, .. answer.Ignored.Names(["think"])]);
        return new GenerationResult(answer, writer, request.Stream, run.Cancelled);

        async Task<OllamaGenerateReply> LoadAsync(ModelInstance model, TimeSpan? keepAlive) =>
            writer.Loaded(await LoadOrUnloadAsync(scheduler, model, keepAlive, run.Cancelled).ConfigureAwait(false));
    }

    /// <summary>Handles a request without messages or prompt. If <c>keep_alive</c> is 0, unloads the model; otherwise loads it.</summary>
    /// <returns>The value of <c>done_reason</c>: load or unload.</returns>
    private static async Task<string> LoadOrUnloadAsync(ModelScheduler scheduler, ModelInstance model, TimeSpan? keepAlive, CancellationToken cancellationToken)
    {
        if (keepAlive == TimeSpan.Zero)
        {
            await scheduler.UnloadAsync(model.Name, cancellationToken).ConfigureAwait(false);
            return "unload";
        }

        using ModelLease lease = await scheduler.AcquireAsync(model, new(model.Name), keepAlive, cancellationToken).ConfigureAwait(false);
        return "load";
    }
}
