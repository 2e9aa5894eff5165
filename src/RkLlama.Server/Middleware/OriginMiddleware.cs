using RkLlama.Engine.Diagnostics;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Middleware;

/// <summary>
/// Answers 403 to requests from web pages that <see cref="OriginPolicy"/> does not allow. Otherwise, if a node has no API key, any web page could use it
/// through the browser of a user in the same network. Programs other than browsers normally send no <c>Origin</c> header, so they are not affected.
/// </summary>
internal sealed class OriginMiddleware(RequestDelegate next, OriginPolicy policy)
{
    public Task InvokeAsync(HttpContext context) =>
        context.Request.Headers.Origin is not [{ } origin, ..] || policy.IsAllowed(origin) || policy.IsOwnPage(origin, context.Request.Host)
            ? next(context)
            : throw new ApiException(
                StatusCodes.Status403Forbidden,
                new($"Web pages of '{Excerpt.Of(origin)}' may not use this server; the operator can list it with --origins."));
}
