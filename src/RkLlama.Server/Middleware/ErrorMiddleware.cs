using System.Globalization;
using Microsoft.Extensions.Primitives;
using RkLlama.Engine.Diagnostics;
using RkLlama.Server.Http;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Middleware;

/// <summary>If a request fails before its response has started, writes an error response in the format of the request's API.</summary>
internal sealed class ErrorMiddleware(RequestDelegate next, ApiRegistry apis, ExceptionMapper exceptions)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context).ConfigureAwait(false);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentLength: null })
                await WriteAsync(context, Unmatched(context)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (RetryDeduplicator.FindCancellation(context) is not null)
        {
            // The client may still wait on this connection, although it has sent the request again on another one, or the operator has cancelled it.
            if (context.Response.HasStarted)
                context.Abort();
            else
                await WriteAsync(context, ApiException.Cancelled(RetryDeduplicator.FindCancellation(context)!)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has disconnected. This is not an error. The status is only for the metrics.
            if (!context.Response.HasStarted)
                context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
        }
        catch (Exception ex) when (!context.Response.HasStarted && ex is not ResponseAbortedException)
        {
            await WriteAsync(context, exceptions.Map(ex)).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Returns the error for a response without a body and with an error status, for example if the path is unknown or the method is not allowed.
    /// </summary>
    private static ApiException Unmatched(HttpContext context) => new(
        context.Response.StatusCode,
        new(context.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => $"There is no {Excerpt.Of(context.Request.Path.Value)}.",
            StatusCodes.Status405MethodNotAllowed => $"{Excerpt.Of(context.Request.Method)} is not allowed on {Excerpt.Of(context.Request.Path.Value)}; use {context.Response.Headers.Allow}.",
            int status => $"The request was refused ({status}).",
        }))
    {
        Code = context.Response.StatusCode == StatusCodes.Status404NotFound ? "unknown_url" : null,
    };

    private async Task WriteAsync(HttpContext context, ApiException error)
    {
        // Clears the headers that a handler has set. Keeps Allow, because a 405 must have it.
        IApi api = apis.FindOrDefault(context);
        HttpResponse response = context.Response;
        StringValues allow = response.Headers.Allow;
        response.Clear();
        response.StatusCode = error.Status;
        response.ContentType = api.JsonContentType;
        response.Headers.Allow = allow;
        if (error.RetryAfterSeconds is { } seconds)
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        if (error.Status == StatusCodes.Status401Unauthorized)
            response.Headers.WWWAuthenticate = "Bearer";
        if (error.ClosesConnection)
            response.Headers.Connection = "close";

        byte[] body = [.. api.SerializeError(error, context.TraceIdentifier), (byte)'\n'];
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, CancellationToken.None).ConfigureAwait(false);
    }
}
