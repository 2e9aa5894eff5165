namespace RkLlama.Server.Streaming;

/// <summary>
/// Leaves a handler whose answer has begun and cannot be finished: the server cuts the connection, so that nobody takes the part for the whole.
/// The reason has been logged and sent before; the log filters this one out.
/// </summary>
internal sealed class StreamCutException(Exception inner) : Exception("The stream was cut.", inner);

/// <summary>What all answers have in common that are written bit by bit.</summary>
internal static class StreamingResponse
{
    /// <summary>Asks proxies to pass everything on at once, and caches to keep away.</summary>
    internal static void PreventBuffering(this HttpResponse response)
    {
        response.Headers["X-Accel-Buffering"] = "no";
        response.Headers.CacheControl = "no-store";
    }

    /// <summary>Writes the last words and cuts the connection.</summary>
    /// <exception cref="StreamCutException">Always: that is the cut.</exception>
    internal static async Task CutAsync(this HttpResponse response, ReadOnlyMemory<byte> lastWords, Exception reason, CancellationToken cancellationToken)
    {
        await response.BodyWriter.WriteAsync(lastWords, cancellationToken).ConfigureAwait(false);
        throw new StreamCutException(reason);
    }
}
