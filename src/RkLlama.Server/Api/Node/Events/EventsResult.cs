using System.Buffers;
using System.IO.Pipelines;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.Node.Events;

/// <summary>Sends the events of a reader until the client leaves or the server stops.</summary>
internal sealed class EventsResult(EventHub hub, EventReader reader) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        IServiceProvider services = httpContext.RequestServices;
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(
            httpContext.RequestAborted, services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
        try
        {
            httpContext.Response.SetStreamHeaders(JsonEventWriter.SseContentType);
            await SendAsync(httpContext.Response.BodyWriter, services.GetRequiredService<KeepAlive>(), httpContext, end.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The usual end of the stream.
        }
        finally
        {
            hub.Leave(reader);
        }
    }

    private async Task SendAsync(PipeWriter body, KeepAlive keepAlive, HttpContext context, CancellationToken cancellationToken)
    {
        using KeepAliveTimer timer = keepAlive.NewTimer(context);
        Task next = reader.WaitAsync(cancellationToken);
        while (true)
        {
            if (await timer.WaitAsync(next).ConfigureAwait(false))
            {
                cancellationToken.ThrowIfCancellationRequested();
                while (reader.TryRead(out byte[]? message))
                    body.Write(message);
                next = reader.WaitAsync(cancellationToken);
            }
            else
            {
                JsonEventWriter.WriteSseComment(body);
            }

            await body.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
