using RkLlama.Engine.Diagnostics;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Middleware;

/// <summary>
/// Answers 403 to requests that address the node by a name that <see cref="HostNames"/> does not allow. Without this check, a web page whose name points to the
/// address of the node could read all answers, because for the browser it is a page of the same origin. Requests without a name pass: browsers always send it.
/// Answers 400 if the name begins with <c>xn--</c>, the mark of a name outside of ASCII, and cannot be decoded.
/// </summary>
internal sealed class HostMiddleware(RequestDelegate next, HostNames names)
{
    public Task InvokeAsync(HttpContext context) => HostOf(context.Request) is not { HasValue: true, Host: var host } || names.IsAllowed(host)
        ? next(context)
        : throw new ApiException(
            StatusCodes.Status403Forbidden,
            new($"This server is not known by the name '{Excerpt.Of(host)}'; the operator can list it with --hosts."))
        {
            Code = "unknown_host",
        };

    private static HostString HostOf(HttpRequest request)
    {
        try
        {
            // Decodes the name.
            return request.Host;
        }
        catch (ArgumentException)
        {
            throw ApiException.BadRequest("The name in the header Host is not valid.");
        }
    }
}
