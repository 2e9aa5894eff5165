using System.Runtime.CompilerServices;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Http.Results;

/// <summary>
/// Sends the lines of a long operation as they come. If the operation fails before its first line, the response is an error with its status. A later failure is
/// the last line.
/// </summary>
/// <param name="lines">Starts the operation. The lines have no line breaks.</param>
/// <param name="errorLine">Formats a failure as a line.</param>
internal sealed class LineStreamResult(string contentType, Func<CancellationToken, IAsyncEnumerable<byte[]>> lines, Func<ApiException, byte[]> errorLine) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        CancellationToken aborted = httpContext.RequestAborted;
        IAsyncEnumerator<byte[]> source = lines(aborted).GetAsyncEnumerator(aborted);
        await using ConfiguredAsyncDisposable disposal = source.ConfigureAwait(false);
        bool hasLine = await source.MoveNextAsync().ConfigureAwait(false);
        httpContext.Response.SetStreamHeaders(contentType);
        try
        {
            for (; hasLine; hasLine = await source.MoveNextAsync().ConfigureAwait(false))
                await WriteAsync(httpContext, source.Current).ConfigureAwait(false);
        }
        catch (Exception ex) when (!aborted.IsCancellationRequested)
        {
            await WriteAsync(httpContext, errorLine(httpContext.RequestServices.GetRequiredService<ExceptionMapper>().Map(ex))).ConfigureAwait(false);
        }
    }

    private static async Task WriteAsync(HttpContext context, byte[] line)
    {
        await context.Response.Body.WriteAsync((byte[])[.. line, (byte)'\n'], context.RequestAborted).ConfigureAwait(false);
        await context.Response.Body.FlushAsync(context.RequestAborted).ConfigureAwait(false);
    }
}
