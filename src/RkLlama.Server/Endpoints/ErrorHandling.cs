using System.Text.Json.Serialization.Metadata;
using RkLlama.Prompts;
using RkLlama.Server.Contracts;
using RkLlama.Server.Contracts.RkLlama;
using RkLlama.Server.Inference;
using RkLlama.Server.Models;
using RkLlama.Server.Streaming;

namespace RkLlama.Server.Endpoints;

/// <summary>Makes an answer of every failure: status and <c>{"error": …}</c>, before the first byte of the response.</summary>
internal sealed partial class ErrorHandling(RequestDelegate next, ILogger<ErrorHandling> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context).ConfigureAwait(false);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentLength: null })
                await WriteAsync(context, Unmatched(context)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone; nobody reads an answer, and nothing is wrong here.
            if (!context.Response.HasStarted)
                context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
        }
        catch (Exception ex) when (!context.Response.HasStarted && ex is not StreamCutException)
        {
            await WriteAsync(context, Translate(ex)).ConfigureAwait(false);
        }
    }

    /// <summary>What routing refused: no such path, or no such method on it.</summary>
    private static ApiException Unmatched(HttpContext context) => new(
        context.Response.StatusCode,
        new(context.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => $"There is no {context.Request.Path.Value}.",
            StatusCodes.Status405MethodNotAllowed => $"{context.Request.Method} is not allowed on {context.Request.Path.Value}; use {context.Response.Headers.Allow}.",
            int status => $"The request was refused ({status}).",
        }));

    private ApiException Translate(Exception exception) => exception switch
    {
        ApiException api => api,
        ContextLengthException length => new(StatusCodes.Status400BadRequest, new(length.Message)
        {
            Code = "context_length_exceeded",
            PromptTokens = length.PromptTokens,
            ContextLength = length.ContextLength,
        }),
        NoModelException or ModelOccupiedException or ModelException or PromptException => ApiException.BadRequest(exception.Message),
        QueueFullException full => new(StatusCodes.Status503ServiceUnavailable, new(full.Message)) { RetryAfterSeconds = full.RetryAfterSeconds },
        EngineException => new(StatusCodes.Status500InternalServerError, new(exception.Message)),
        BadHttpRequestException bad => new(bad.StatusCode, new(bad.Message)),
        _ => Fault(exception),
    };

    /// <summary>A fault of our own: the client gets a number that finds it in the log.</summary>
    private ApiException Fault(Exception exception)
    {
        string id = Guid.NewGuid().ToString("N")[..12];
        Log.Fault(logger, exception, id);
        return new(
            StatusCodes.Status500InternalServerError,
            new($"Something went wrong in the server; its log has the details under {id}.", Id: id));
    }

    private static async Task WriteAsync(HttpContext context, ApiException error)
    {
        // Allow belongs to a 405; everything else that a handler may have set does not belong to an error.
        Microsoft.Extensions.Primitives.StringValues allow = context.Response.Headers.Allow;
        context.Response.Clear();
        context.Response.StatusCode = error.Status;
        context.Response.Headers.Allow = allow;
        if (error.RetryAfterSeconds is { } seconds)
            context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (error.Status == StatusCodes.Status401Unauthorized)
            context.Response.Headers.WWWAuthenticate = "Bearer";
        if (error.ClosesConnection)
            context.Response.Headers.Connection = "close";

        JsonTypeInfo<ErrorReply> type = ApiJson.Wire.ErrorReply;
        await new JsonAnswer<ErrorReply>(error.Reply, type, error.Status).ExecuteAsync(context).ConfigureAwait(false);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "Fault {Id}")]
        internal static partial void Fault(ILogger logger, Exception exception, string id);
    }
}
