using RkLlama.Engine.Diagnostics;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Middleware;

/// <summary>
/// Answers 403 to requests that address the node by a name that <see cref="HostNames"/> does not allow. Without this check, a web page whose name points to the
/// address of the node could read all answers, because for the browser it is a page of the same origin. Requests without a name pass: browsers always send it.
/// </summary>
internal sealed class HostMiddleware(RequestDelegate next, HostNames names)
{
    public Task InvokeAsync(HttpContext context) => context.Request.Host is not { HasValue: true, Host: var host } || names.IsAllowed(host)
        ? next(context)
        : throw new ApiException(
            StatusCodes.Status403Forbidden,
            new($"This server is not known by the name '{Excerpt.Of(host)}'; the operator can list it with --hosts."))
        {
            Code = "unknown_host",
        };
}
