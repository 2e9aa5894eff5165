using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Http.Results;

/// <summary>The error of a response that fails after it has started. The response must end with it, so that no client takes the answer for a complete one.</summary>
internal static class LateError
{
    /// <summary>
    /// Whether the client gets the error: the failure is not that the client has disconnected. Clients whose requests were cancelled on the node may still read.
    /// </summary>
    /// <param name="cancellationToken">Cancelled when the client disconnects or the node cancels the request.</param>
    internal static bool IsForClient(HttpContext context, CancellationToken cancellationToken) =>
        !context.RequestAborted.IsCancellationRequested
        && (!cancellationToken.IsCancellationRequested || RetryDeduplicator.FindCancellation(context) is not null);

    /// <summary>Returns the error for the client.</summary>
    internal static ApiException Of(HttpContext context, Exception exception) => RetryDeduplicator.FindCancellation(context) is { } reason
        ? ApiException.Cancelled(reason)
        : context.RequestServices.GetRequiredService<ExceptionMapper>().Map(exception);
}
