using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Residency;
using RkLlama.Server.Api.Anthropic.Messages;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Http;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.Anthropic;

/// <summary>Anthropic's Messages API, as far as it applies to text models on this runtime.</summary>
internal sealed class AnthropicApi : IApi
{
    private static readonly string[] Read = [HttpMethods.Get, HttpMethods.Head];

    public string Name => "anthropic";

    public string Title => "Anthropic";

    public string Description => "Anthropic's Messages API, as far as text models on this runtime can serve it. If the requested model is not loaded, the server loads it.";

    public PathString? Prefix => "/v1/messages";

    public string? ClientHeader => "anthropic-version";

    public string? RequestIdHeader => "request-id";

    public string JsonContentType => "application/json";

    public Type ErrorType => typeof(AnthropicError);

    public byte[] SerializeError(ApiException error, string requestId) =>
        JsonSerializer.SerializeToUtf8Bytes(AnthropicError.From(error, requestId), AnthropicJson.Wire.AnthropicError);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/messages", CreateMessage).WithMetadata(AnthropicOperations.CreateMessage);
        routes.MapPost("/v1/messages/count_tokens", CountTokens).WithMetadata(AnthropicOperations.CountTokens);

        // The OpenAI API has endpoints with the same paths, which the OpenAPI document describes.
        routes.MapMethods("/v1/models", Read, AnthropicModels.List).ExcludeFromDescription();
        routes.MapMethods("/v1/models/{id}/{**rest}", Read, AnthropicModels.Get).ExcludeFromDescription();
    }

    private static async Task<GenerationResult> CreateMessage(HttpContext context, RequestReader reader, GenerationService generation, ModelHost host)
    {
        ModelRequest<MessagesRequest> run = await reader.ReadModelRequestAsync(context, MessagesRequest.From, canResume: true).ConfigureAwait(false);
        MessagesRequest request = run.Request with { Model = RequestedModel.Of(run.Request.Model, host) };
        GenerationStream answer = await generation.StartAsync(request.ToGeneration(context.Trace()), run.Cancelled).ConfigureAwait(false);
        context.Response.ReportIgnored(
            answer.Model,
            request.Sampling,
            [.. request.Unsupported, .. answer.Ignored.Names(request.ThinkingSwitches)],
            () => request.Tools.IgnoredBy(answer, request.Stream));
        return new(answer, new MessageWriter(request, answer.PromptTokens, context.TraceIdentifier), request.Stream, run.Cancelled);
    }

    private static async Task<JsonResult<AnthropicTokenCount>> CountTokens(HttpContext context, RequestReader reader, GenerationService generation, ModelHost host)
    {
        // Counting runs no model, so a retry replaces nothing.
        MessagesRequest request = await reader.ReadAsync(context, MessagesRequest.From).ConfigureAwait(false);
        request = request with { Model = RequestedModel.Of(request.Model, host) };
        int tokens = await generation.CountTokensAsync(request.ToGeneration(context.Trace()), context.RequestAborted).ConfigureAwait(false);
        return new(new(tokens), AnthropicJson.Wire.AnthropicTokenCount);
    }
}
