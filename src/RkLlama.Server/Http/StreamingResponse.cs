using System.IO.Pipelines;

namespace RkLlama.Server.Http;

/// <summary>
/// An answer that has begun and cannot be finished: what is left is a last word about it and a cut connection, so that nobody takes the part for
/// the whole. <c>ErrorHandling</c> does both.
/// </summary>
/// <param name="frame">Makes the stream's last item of an error's JSON.</param>
internal sealed class UnfinishedAnswerException(Exception inner, Func<byte[], ReadOnlyMemory<byte>> frame) : Exception("The answer broke off.", inner)
{
    internal ReadOnlyMemory<byte> Frame(byte[] error) => frame(error);
}

/// <summary>
/// Leaves the last handler: the server cuts the connection. The reason has been logged and sent before; the log filters this one out.
/// </summary>
internal sealed class StreamCutException(Exception inner) : Exception("The stream was cut.", inner);

/// <summary>What all answers have in common that are written bit by bit.</summary>
internal static class StreamingResponse
{
    // Bytes that may be written before they are sent.
    private const int MaxUnflushed = 16 << 10;

    /// <summary>Asks proxies to pass everything on at once, and caches to keep away.</summary>
    internal static void PreventBuffering(this HttpResponse response)
    {
        response.Headers["X-Accel-Buffering"] = "no";
        response.Headers.CacheControl = "no-store";
    }

    /// <summary>The type of one JSON object. Under <c>/api</c> it says its encoding, as Ollama does.</summary>
    internal static string JsonType(this HttpRequest request) => request.Path.StartsWithSegments("/api") ? "application/json; charset=utf-8" : "application/json";

    /// <summary>Sends what has been written before it waits for the next item; what comes at once goes out at once, up to a bound.</summary>
    /// <returns>Whether there is a next item.</returns>
    internal static async ValueTask<bool> FlushBeforeAsync(this PipeWriter body, ValueTask<bool> next, CancellationToken cancellationToken)
    {
        if (next.IsCompletedSuccessfully && body.UnflushedBytes < MaxUnflushed)
            return await next.ConfigureAwait(false);

        Task<bool> coming = next.AsTask();
        try
        {
            await body.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            // An iterator must not be left while it makes its next item.
            await ((Task)coming).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        return await coming.ConfigureAwait(false);
    }

    /// <summary>A line of its own.</summary>
    internal static ReadOnlyMemory<byte> AsLine(byte[] json) => (byte[])[.. json, (byte)'\n'];

    /// <summary>A server-sent event of its own.</summary>
    internal static ReadOnlyMemory<byte> AsEvent(byte[] json) => (byte[])[.. "data: "u8, .. json, .. "\n\n"u8];
}
