using System.Net;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Diagnostics;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Middleware;

/// <summary>
/// Answers 403 to requests from web pages, except pages that the operator has listed and pages of this server's own address. Otherwise, if a node has no API
/// key, any web page could use it through the browser of a user in the same network. Programs other than browsers normally send no <c>Origin</c> header, so
/// they are not affected.
/// </summary>
internal sealed class OriginMiddleware(RequestDelegate next, NodeOptions options)
{
    private readonly bool _allowsAll = options.Origins.Contains("*");

    public Task InvokeAsync(HttpContext context) =>
        context.Request.Headers.Origin is not [{ } origin, ..] || _allowsAll || IsAllowed(origin, context.Request.Host)
            ? next(context)
            : throw new ApiException(
                StatusCodes.Status403Forbidden,
                new($"Web pages of '{Excerpt.Of(origin)}' may not use this server; the operator can list it with --origins."));

    private bool IsAllowed(string origin, HostString host) =>
        options.Origins.Contains(origin, StringComparer.OrdinalIgnoreCase) || IsOwnPage(origin, host);

    /// <summary>
    /// Whether the page has the same host and port as this server, for example because one proxy serves both. The host must be an IP address, localhost or the
    /// machine's name. Other names are not accepted, because anybody can create a DNS name that points to this server (DNS rebinding).
    /// </summary>
    private static bool IsOwnPage(string origin, HostString host) =>
        Uri.TryCreate(origin, UriKind.Absolute, out Uri? page)
        && page.Scheme is "http" or "https"
        && page.Authority.Equals(host.Value, StringComparison.OrdinalIgnoreCase)
        && (IPAddress.TryParse(page.Host.Trim('[', ']'), out _)
            || page.Host is "localhost"
            || page.Host.Equals(Environment.MachineName, StringComparison.OrdinalIgnoreCase));
}
