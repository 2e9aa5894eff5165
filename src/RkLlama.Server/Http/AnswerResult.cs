using System.IO.Pipelines;
using RkLlama.Engine.Generation;

namespace RkLlama.Server.Http;

/// <summary>
/// Sends one answer, as a stream or in one piece. The response is not touched before there is something to send, so a failure until then has a status of its
/// own. A failure afterwards is the stream's last event or line, and a cut connection.
/// </summary>
/// <param name="cancellationToken">Cancelled when the client disconnects, or a retry replaces the request.</param>
internal sealed class AnswerResult(GenerationStream answer, IApiWriter writer, bool isStreamed, CancellationToken cancellationToken) : IResult
{
    // Bytes that may be written before they are sent.
    private const int MaxUnflushed = 16 << 10;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        using (answer)
        {
            if (isStreamed)
                await StreamAsync(httpContext).ConfigureAwait(false);
            else
                await new PaddedJsonResult(CollectAsync, cancellationToken).ExecuteAsync(httpContext).ConfigureAwait(false);
        }
    }

    /// <summary>The one loop that reads an answer for a stream: one flush per event, unless the next one is there already.</summary>
    private async Task StreamAsync(HttpContext httpContext)
    {
        HttpResponse response = httpContext.Response;
        PipeWriter body = response.BodyWriter;
        bool hasBegun = false;
        using KeepAliveTimer keepAlive = httpContext.RequestServices.GetRequiredService<KeepAlive>().NewTimer();
        IAsyncEnumerator<GenerationEvent> events = answer.ReadAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        try
        {
            Task<bool> next = events.MoveNextAsync().AsTask();
            while (true)
            {
                if (hasBegun && (!next.IsCompleted || body.UnflushedBytes >= MaxUnflushed))
                    await body.FlushAsync(cancellationToken).ConfigureAwait(false);
                bool isSilent = !await keepAlive.WaitAsync(next).ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
                if (!isSilent && !await next.ConfigureAwait(false))
                    break;

                if (!hasBegun)
                    response.BeginStream(writer.StreamContentType);
                hasBegun = true;
                if (isSilent)
                {
                    writer.WriteKeepAlive(body);
                    await body.FlushAsync(cancellationToken).ConfigureAwait(false);
                }
                else
                {
                    writer.WriteEvent(events.Current, body);
                    next = events.MoveNextAsync().AsTask();
                }
            }

            await body.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception ex) when (hasBegun && !cancellationToken.IsCancellationRequested)
        {
            writer.WriteError(httpContext.RequestServices.GetRequiredService<ExceptionMapper>().Map(ex), body);
            await body.FlushAsync(httpContext.RequestAborted).ConfigureAwait(false);
            throw new StreamCutException(ex);
        }
    }

    /// <summary>The one loop that reads an answer for one JSON object.</summary>
    private async Task<byte[]> CollectAsync()
    {
        WholeAnswer whole = new();
        await foreach (GenerationEvent item in answer.ReadAsync(cancellationToken).ConfigureAwait(false))
            whole.Add(item);
        return writer.Whole(whole);
    }
}

/// <summary>
/// A stream has failed after it began. Leaves the last handler, so that the server cuts the connection and no client takes a part for the whole. The reason
/// has been logged and sent; the log filters this one out.
/// </summary>
internal sealed class StreamCutException(Exception inner) : Exception("The stream was cut.", inner);

internal static class StreamHeaders
{
    /// <summary>Sets the headers of a response that is written bit by bit: proxies pass it on at once, caches do not store it.</summary>
    internal static void BeginStream(this HttpResponse response, string contentType)
    {
        response.ContentType = contentType;
        response.Headers["X-Accel-Buffering"] = "no";
        response.Headers.CacheControl = "no-store";
    }
}
