using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Connections;

/// <summary>
/// Lets other connections go first if the client has sent the next request before the answer to the last one (pipelining). Kestrel would otherwise answer all
/// requests of the connection without leaving the thread, and as many such connections as there are threads would stop all others.
/// </summary>
internal static class PipeliningGuard
{
    /// <summary>Request middleware.</summary>
    internal static async Task OnRequestAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<UnreadInputReader>() is { WasInputReady: true })
            await new SharedQueueYield();
        await next(context).ConfigureAwait(false);
    }
}
