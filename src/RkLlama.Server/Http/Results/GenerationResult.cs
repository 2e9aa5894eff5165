using System.Buffers;
using System.IO.Pipelines;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Scheduling;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Http.Results;

/// <summary>
/// Sends the output of a request, as a stream or as one JSON object. A stream starts with the first output or the first keep-alive. If the generation
/// fails before that, the response has the HTTP status of the error. If it fails later, the error is the last event or line of the stream, and the server cuts
/// the connection.
/// </summary>
/// <param name="cancellationToken">Cancelled when the client disconnects, a retry replaces the request, or the operator cancels it.</param>
/// <param name="recorder">Stores the answer; <see langword="null"/> if it is not stored.</param>
internal sealed class GenerationResult(IGenerationEvents answer, IApiWriter writer, bool isStreamed, CancellationToken cancellationToken, IAnswerRecorder? recorder = null) : IResult
{
    // If the stream has this many unflushed bytes, it flushes them even if the next event is already available.
    private const int MaxUnflushed = 16 << 10;

    // The memory for the text of a prompt token, in the messages and in the prompt. A long token has fewer bytes.
    private const int KeptBytesPerToken = 64;

    // Also cancelled if the client of a response that is no stream disconnects.
    private CancellationToken _cancelled;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        if (isStreamed && ResumableStreams.KeyOf(httpContext) is { } key)
        {
            await StartResumableAsync(httpContext, key).ConfigureAwait(false);
            return;
        }

        // A request with this header is not cancelled if its client disconnects, but only streams go on.
        using CancellationTokenSource? both = ResumableRequest.IdOf(httpContext) is null
            ? null
            : CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, httpContext.RequestAborted);
        _cancelled = both?.Token ?? cancellationToken;
        try
        {
            await SendAsync(httpContext).ConfigureAwait(false);
        }
        catch (Exception ex) when (recorder is not null)
        {
            recorder.Failed(httpContext.RequestAborted.IsCancellationRequested ? new OperationCanceledException() : (ex as ResponseAbortedException)?.InnerException ?? ex);
            throw;
        }
    }

    /// <summary>Starts a stream that does not end with this connection, and sends it.</summary>
    private async Task StartResumableAsync(HttpContext httpContext, StreamKey key)
    {
        ResumableStreams streams = httpContext.RequestServices.GetRequiredService<ResumableStreams>();
        ResumableStream stream = streams.Start(httpContext, key, answer, writer, recorder, isBackground: false, cancellationToken);
        await new ResumedResult(stream, 0).ExecuteAsync(httpContext).ConfigureAwait(false);
    }

    private async Task SendAsync(HttpContext httpContext)
    {
        using (answer)
        {
            // The request waits for the NPU now. Of its body, little more than the text of the prompt is left.
            httpContext.Features.Get<BodyReservation>()?.Keep(answer.PromptTokens * (long)KeptBytesPerToken);
            if (isStreamed)
                await StreamAsync(httpContext).ConfigureAwait(false);
            else
                await new KeepAliveJsonResult(async chunks => chunks.Buffer.Write(await CollectAsync().ConfigureAwait(false)), _cancelled).ExecuteAsync(httpContext).ConfigureAwait(false);
        }
    }

    /// <summary>Reads the generation's events and streams them. Flushes after each event, unless the next one is already available.</summary>
    private async Task StreamAsync(HttpContext httpContext)
    {
        HttpResponse response = httpContext.Response;
        PipeWriter body = response.BodyWriter;
        ArrayBufferWriter<byte> buffer = new();
        bool hasBegun = false;
        using KeepAliveTimer keepAlive = httpContext.RequestServices.GetRequiredService<KeepAlive>().NewTimer(httpContext);
        IAsyncEnumerator<GenerationEvent> events = answer.ReadAsync(_cancelled).GetAsyncEnumerator(_cancelled);
        try
        {
            Task<bool> next = events.MoveNextAsync().AsTask();
            while (true)
            {
                if (hasBegun && (!next.IsCompleted || body.UnflushedBytes >= MaxUnflushed))
                    await body.FlushAsync(_cancelled).ConfigureAwait(false);
                bool isSilent = !await keepAlive.WaitAsync(next).ConfigureAwait(false);
                _cancelled.ThrowIfCancellationRequested();
                if (!isSilent && !await next.ConfigureAwait(false))
                    break;

                if (!hasBegun)
                    response.SetStreamHeaders(writer.StreamContentType);
                hasBegun = true;
                if (isSilent)
                {
                    writer.WriteKeepAlive(httpContext.RequestServices.GetRequiredService<RunQueue>().FindPlace(httpContext.Trace()), body);
                    await body.FlushAsync(_cancelled).ConfigureAwait(false);
                }
                else
                {
                    writer.WriteEvent(events.Current, buffer);

                    // A cancellation on the node does not interrupt an event, because the error of the cancellation comes after it.
                    await body.WriteAndClearAsync(buffer, httpContext.RequestAborted).ConfigureAwait(false);
                    next = events.MoveNextAsync().AsTask();
                }
            }

            await body.FlushAsync(_cancelled).ConfigureAwait(false);
        }
        catch (Exception ex) when (hasBegun && LateError.IsForClient(httpContext, _cancelled))
        {
            writer.WriteError(LateError.Of(httpContext, ex), body);
            await body.FlushAsync(httpContext.RequestAborted).ConfigureAwait(false);
            await ResponseAbortedException.ThrowAsync(ex, httpContext.RequestAborted).ConfigureAwait(false);
        }
    }

    /// <summary>Reads the generation's events to the end and serializes them as one JSON object.</summary>
    private async Task<byte[]> CollectAsync()
    {
        List<CompleteOutput> outputs = [];
        CompleteOutput current = new();
        await foreach (GenerationEvent item in answer.ReadAsync(_cancelled).ConfigureAwait(false))
        {
            current.Add(item);
            if (item.Summary is null)
                continue;
            outputs.Add(current);
            current = new();
        }

        return writer.SerializeAll(outputs);
    }
}

/// <summary>
/// Thrown if a response has failed after it started and the client has received the error. No middleware handles this exception, so Kestrel cuts the
/// connection, and clients can see that the response is not complete. <c>LoggingSetup</c> excludes this exception from the log.
/// </summary>
internal sealed class ResponseAbortedException(Exception inner) : Exception("The stream was cut.", inner)
{
    // A browser that learns of the error and of the cut at once drops the error.
    private static readonly TimeSpan ErrorLead = TimeSpan.FromMilliseconds(50);

    /// <summary>Throws the exception a moment after the error was sent in a stream.</summary>
    internal static async Task ThrowAsync(Exception inner, CancellationToken cancellationToken)
    {
        await Task.Delay(ErrorLead, cancellationToken).ConfigureAwait(false);
        throw new ResponseAbortedException(inner);
    }
}

internal static class StreamHeaders
{
    /// <summary>Sets the headers of a streamed response: content type, no buffering by proxies, no storage in caches.</summary>
    internal static void SetStreamHeaders(this HttpResponse response, string contentType)
    {
        response.ContentType = contentType;
        response.Headers["X-Accel-Buffering"] = "no";
        response.Headers.CacheControl = "no-store";
    }
}
