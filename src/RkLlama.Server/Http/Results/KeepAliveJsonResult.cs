using System.IO.Pipelines;
using System.Text.Json.Serialization.Metadata;

namespace RkLlama.Server.Http.Results;

/// <summary>
/// A JSON response that may take a long time to produce. If it is not ready after a delay, the server sends the headers and white space, which JSON allows, to
/// keep the connection open. A large response is sent in chunks while it is produced. If <paramref name="produce"/> fails after the response has started, status
/// 200 is already sent: the server then sends an error object and cuts the connection.
/// </summary>
/// <param name="produce">Writes one JSON object, without a newline at its end. Called once.</param>
/// <param name="cancellationToken">Cancelled when the client disconnects, a retry replaces the request, or the operator cancels it.</param>
internal sealed class KeepAliveJsonResult(Func<JsonChunks, Task> produce, CancellationToken cancellationToken) : IResult
{
    private static ReadOnlyMemory<byte> Padding { get; } = " "u8.ToArray();

    private static ReadOnlyMemory<byte> End { get; } = "\n"u8.ToArray();

    /// <summary>Creates a result that serializes the value that <paramref name="make"/> returns.</summary>
    internal static KeepAliveJsonResult Of<T>(Func<CancellationToken, Task<T>> make, JsonTypeInfo<T> type, CancellationToken cancellationToken) => new(
        async chunks => chunks.Write(await make(cancellationToken).ConfigureAwait(false), type), cancellationToken);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        KeepAlive keepAlive = httpContext.RequestServices.GetRequiredService<KeepAlive>();
        JsonChunks chunks = new();
        Task producing = chunks.ProduceAsync(produce);
        Task<bool> next = chunks.Reader.WaitToReadAsync(CancellationToken.None).AsTask();
        using (KeepAliveTimer first = keepAlive.NewPaddingTimer(httpContext))
        {
            if (await first.WaitAsync(next).ConfigureAwait(false) && !await next.ConfigureAwait(false))
            {
                await JsonResult.WriteAsync(httpContext, chunks.Rest, StatusCodes.Status200OK).ConfigureAwait(false);
                return;
            }
        }

        HttpResponse response = httpContext.Response;
        IApi api = httpContext.RequestServices.GetRequiredService<ApiRegistry>().FindOrDefault(httpContext);
        response.SetStreamHeaders(api.JsonContentType);
        try
        {
            using KeepAliveTimer timer = keepAlive.NewTimer(httpContext);
            await SendAsync(response.BodyWriter, chunks, next, timer).ConfigureAwait(false);
        }
        catch (Exception ex) when (LateError.IsForClient(httpContext, cancellationToken))
        {
            byte[] error = [.. api.SerializeError(LateError.Of(httpContext, ex), httpContext.TraceIdentifier), (byte)'\n'];
            await response.BodyWriter.WriteAsync(error, httpContext.RequestAborted).ConfigureAwait(false);
            throw new ResponseAbortedException(ex);
        }
        finally
        {
            chunks.Abandon();
            await producing.ConfigureAwait(false);
        }
    }

    /// <summary>Sends the chunks, with white space before a chunk that takes long. JSON allows it between the values at which the producer passes on.</summary>
    private async Task SendAsync(PipeWriter body, JsonChunks chunks, Task<bool> next, KeepAliveTimer timer)
    {
        if (!next.IsCompleted)
            await body.WriteAsync(Padding, cancellationToken).ConfigureAwait(false);
        while (true)
        {
            if (!await timer.WaitAsync(next).ConfigureAwait(false))
            {
                await body.WriteAsync(Padding, cancellationToken).ConfigureAwait(false);
                continue;
            }

            if (!await next.ConfigureAwait(false))
                break;
            while (chunks.Reader.TryRead(out byte[]? chunk))
                await body.WriteSlicedAsync(chunk, cancellationToken).ConfigureAwait(false);
            next = chunks.Reader.WaitToReadAsync(CancellationToken.None).AsTask();
        }

        await body.WriteSlicedAsync(chunks.Rest, cancellationToken).ConfigureAwait(false);
        await body.WriteAsync(End, cancellationToken).ConfigureAwait(false);
    }
}
