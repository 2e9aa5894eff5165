using System.IO.Pipelines;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Http.Results;

/// <summary>
/// Sends a resumable stream from a position on, until it ends or the client disconnects. If it fails before its first byte, the response has the status of the error.
/// </summary>
/// <param name="position">Number of bytes that the client has already read.</param>
internal sealed class ResumedResult(ResumableStream stream, long position) : IResult
{
    private const string LastEventId = "Last-Event-ID";

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        EventLog log = stream.Log;
        CancellationToken aborted = httpContext.RequestAborted;
        using IDisposable reader = stream.Attach();
        await log.WaitAsync(position, aborted).ConfigureAwait(false);
        if (log.Length == 0 && log.Error is { } early)
            throw early;

        HttpResponse response = httpContext.Response;
        response.SetStreamHeaders(stream.ContentType);
        PipeWriter body = response.BodyWriter;
        for (long at = position; ;)
        {
            ReadOnlyMemory<byte> piece = log.Read(at);
            if (!piece.IsEmpty)
            {
                await body.WriteSlicedAsync(piece, aborted).ConfigureAwait(false);
                at += piece.Length;
                continue;
            }

            if (log.HasEnded && log.Read(at).IsEmpty)
                break;
            await log.WaitAsync(at, aborted).ConfigureAwait(false);
        }

        await body.FlushAsync(aborted).ConfigureAwait(false);
        if (log.Error is { } error)
            await ResponseAbortedException.ThrowAsync(error, aborted).ConfigureAwait(false);
    }

    /// <summary>Returns the result that continues behind the event that the header <c>Last-Event-ID</c> names, or at the start if there is none.</summary>
    /// <exception cref="ApiException">Status 400: there is no such event.</exception>
    internal static ResumedResult BehindLastEvent(ResumableStream stream, HttpRequest request) => Behind(stream, request.Headers[LastEventId].ToString(), LastEventId);

    /// <summary>Returns the result that continues behind the event that the client has seen last.</summary>
    /// <param name="last">Value of <c>Last-Event-ID</c> or of a query parameter; empty to begin at the start.</param>
    /// <param name="name">Name of the header or parameter, for the error.</param>
    /// <exception cref="ApiException">Status 400: there is no such event.</exception>
    internal static ResumedResult Behind(ResumableStream stream, string last, string name)
    {
        if (last.Length == 0)
            return new(stream, 0);
        return long.TryParse(last, out long number) && stream.Log.PositionAfter(number) is { } position
            ? new(stream, position)
            : throw ApiException.BadRequest($"{name} is not the id of an event of this stream.", name);
    }
}
