using System.Globalization;
using RkLlama.Server.Http;

namespace RkLlama.Server.Middleware;

/// <summary>Makes an answer of every failure, before the first byte of the response; a failure after it is an error line and a cut connection.</summary>
internal sealed class ErrorHandling(RequestDelegate next, ErrorTranslation translation)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context).ConfigureAwait(false);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentLength: null })
                await WriteAsync(context, Unmatched(context)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (RetryArmour.HasReplaced(context))
        {
            // Nothing of it is whole. Its client may be there still, though it has asked again.
            if (context.Response.HasStarted)
                context.Abort();
            else
                await WriteAsync(context, new(StatusCodes.Status499ClientClosedRequest, new("A retry of this request has taken its place."))).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone; nobody reads an answer, and nothing is wrong here.
            if (!context.Response.HasStarted)
                context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
        }
        catch (Exception ex) when (!context.Response.HasStarted)
        {
            await WriteAsync(context, translation.Translate(ex)).ConfigureAwait(false);
        }
        catch (UnfinishedAnswerException ex)
        {
            ReadOnlyMemory<byte> last = ex.Frame(ErrorShape.Serialize(context.Request.Path, translation.Translate(ex.InnerException!)));
            await context.Response.BodyWriter.WriteAsync(last, context.RequestAborted).ConfigureAwait(false);
            throw new StreamCutException(ex.InnerException!);
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
        }))
    {
        Code = context.Response.StatusCode == StatusCodes.Status404NotFound ? "unknown_url" : null,
    };

    private static async Task WriteAsync(HttpContext context, ApiException error)
    {
        // Allow belongs to a 405; everything else that a handler may have set does not belong to an error.
        HttpResponse response = context.Response;
        Microsoft.Extensions.Primitives.StringValues allow = response.Headers.Allow;
        response.Clear();
        response.StatusCode = error.Status;
        response.ContentType = context.Request.JsonType();
        response.Headers.Allow = allow;
        if (error.RetryAfterSeconds is { } seconds)
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        if (error.Status == StatusCodes.Status401Unauthorized)
            response.Headers.WWWAuthenticate = "Bearer";
        if (error.ClosesConnection)
            response.Headers.Connection = "close";

        byte[] body = [.. ErrorShape.Serialize(context.Request.Path, error), (byte)'\n'];
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, CancellationToken.None).ConfigureAwait(false);
    }
}
