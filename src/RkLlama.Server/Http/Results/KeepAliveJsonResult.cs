using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Http.Results;

/// <summary>
/// A JSON response that may take a long time to produce. If it is not ready after a delay, the server sends the headers and white space, which JSON allows, to
/// keep the connection open. If <paramref name="make"/> fails after that, status 200 is already sent: the body is then an error object, and the server cuts the
/// connection.
/// </summary>
/// <param name="make">Produces the serialized object, without a newline. Called once.</param>
/// <param name="cancellationToken">Cancelled when the client disconnects or a retry replaces the request.</param>
internal sealed class KeepAliveJsonResult(Func<Task<byte[]>> make, CancellationToken cancellationToken) : IResult
{
    private static ReadOnlyMemory<byte> Padding { get; } = " "u8.ToArray();

    /// <summary>Creates a result that serializes the value that <paramref name="make"/> returns.</summary>
    internal static KeepAliveJsonResult Of<T>(Func<CancellationToken, Task<T>> make, JsonTypeInfo<T> type, CancellationToken cancellationToken) => new(
        async () => JsonSerializer.SerializeToUtf8Bytes(await make(cancellationToken).ConfigureAwait(false), type), cancellationToken);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        KeepAlive keepAlive = httpContext.RequestServices.GetRequiredService<KeepAlive>();
        Task<byte[]> making = make();
        using (KeepAliveTimer first = keepAlive.NewPaddingTimer(httpContext))
        {
            if (await first.WaitAsync(making).ConfigureAwait(false))
            {
                await JsonResult.WriteAsync(httpContext, await making.ConfigureAwait(false), StatusCodes.Status200OK).ConfigureAwait(false);
                return;
            }
        }

        HttpResponse response = httpContext.Response;
        IApi api = httpContext.RequestServices.GetRequiredService<ApiRegistry>().FindOrDefault(httpContext);
        response.SetStreamHeaders(api.JsonContentType);
        using KeepAliveTimer timer = keepAlive.NewTimer(httpContext);
        try
        {
            do
                await response.BodyWriter.WriteAsync(Padding, cancellationToken).ConfigureAwait(false);
            while (!await timer.WaitAsync(making).ConfigureAwait(false));

            byte[] body = [.. await making.ConfigureAwait(false), (byte)'\n'];
            await response.BodyWriter.WriteAsync(body, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception ex) when (!cancellationToken.IsCancellationRequested)
        {
            byte[] error = [.. api.SerializeError(httpContext.RequestServices.GetRequiredService<ExceptionMapper>().Map(ex)), (byte)'\n'];
            await response.BodyWriter.WriteAsync(error, httpContext.RequestAborted).ConfigureAwait(false);
            throw new ResponseAbortedException(ex);
        }
        finally
        {
            await ((Task)making).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
