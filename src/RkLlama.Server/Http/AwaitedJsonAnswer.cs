using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RkLlama.Server.Http;

/// <summary>
/// One JSON object that takes its time. When it takes long, the answer begins with white space, which JSON allows; a failure is then an error
/// object and a cut connection, because the status has gone.
/// </summary>
/// <param name="make">Makes the object; cancelled when the client goes away.</param>
internal sealed class AwaitedJsonAnswer<T>(
    Func<CancellationToken, Task<T>> make, JsonTypeInfo<T> type, Heartbeat heartbeat) : IResult
{
    private static ReadOnlyMemory<byte> Padding { get; } = " "u8.ToArray();

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        CancellationToken cancellationToken = httpContext.RequestAborted;
        Task<T> making = make(cancellationToken);
        if (await heartbeat.EndsWithinAsync(making, heartbeat.FirstPadding).ConfigureAwait(false))
        {
            await new JsonAnswer<T>(await making.ConfigureAwait(false), type).ExecuteAsync(httpContext).ConfigureAwait(false);
            return;
        }

        HttpResponse response = httpContext.Response;
        response.ContentType = httpContext.Request.JsonType();
        response.PreventBuffering();
        try
        {
            do
                await response.BodyWriter.WriteAsync(Padding, cancellationToken).ConfigureAwait(false);
            while (!await heartbeat.EndsWithinAsync(making, heartbeat.Interval).ConfigureAwait(false));

            byte[] body = [.. JsonSerializer.SerializeToUtf8Bytes(await making.ConfigureAwait(false), type), (byte)'\n'];
            await response.BodyWriter.WriteAsync(body, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception ex) when (!cancellationToken.IsCancellationRequested)
        {
            throw new UnfinishedAnswerException(ex, StreamingResponse.AsLine);
        }
        finally
        {
            await ((Task)making).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
