using System.Net;
using RkLlama.Engine.Configuration;
using RkLlama.Server.Http;

namespace RkLlama.Server.Middleware;

/// <summary>
/// Refuses requests that a web page made, unless the operator has listed it: a browser in the same network would otherwise carry any page's
/// requests to a node without a key. Programs send no <c>Origin</c>.
/// </summary>
internal sealed class OriginMiddleware(RequestDelegate next, NodeOptions options)
{
    private readonly bool _allowsAll = options.Origins.Contains("*");

    public Task InvokeAsync(HttpContext context) =>
        context.Request.Headers.Origin is not [{ } origin, ..] || _allowsAll || IsAllowed(origin, context.Request.Host)
            ? next(context)
            : throw new ApiException(
                StatusCodes.Status403Forbidden,
                new($"Web pages of '{origin}' may not use this server; the operator can list it with --origins."));

    private bool IsAllowed(string origin, HostString host) =>
        options.Origins.Contains(origin, StringComparer.OrdinalIgnoreCase) || IsOwnPage(origin, host);

    /// <summary>
    /// A page that came from this very address, as behind a proxy that serves one. A name could have been pointed here by anybody's name server, so
    /// only an address, localhost and the node's own name count.
    /// </summary>
    private static bool IsOwnPage(string origin, HostString host) =>
        Uri.TryCreate(origin, UriKind.Absolute, out Uri? page)
        && page.Scheme is "http" or "https"
        && page.Authority.Equals(host.Value, StringComparison.OrdinalIgnoreCase)
        && (IPAddress.TryParse(page.Host.Trim('[', ']'), out _)
            || page.Host is "localhost"
            || page.Host.Equals(Environment.MachineName, StringComparison.OrdinalIgnoreCase));
}
