using RkLlama.Engine.Configuration;

namespace RkLlama.Server.Middleware;

/// <summary>
/// Decides which web pages may use the server: pages that the operator has listed, pages of the user's own machine, and pages of the server's own address.
/// </summary>
internal sealed class OriginPolicy(NodeOptions options, HostNames names)
{
    // Schemes of pages that are part of an installed application. A web site cannot have such an origin. Ollama allows the same ones.
    private static readonly string[] LocalSchemes = ["app", "file", "tauri", "vscode-webview", "vscode-file"];

    /// <summary>Whether all origins are allowed.</summary>
    internal bool AllowsAll { get; } = options.Origins.Contains("*");

    /// <summary>Whether the origin is listed, or is local to the user's machine.</summary>
    internal bool IsAllowed(string origin) => AllowsAll || options.Origins.Contains(origin, StringComparer.OrdinalIgnoreCase) || IsLocal(origin);

    /// <summary>
    /// Whether the page has the same host and port as this server: it is the page of this node, or one proxy serves both. The host must be one of
    /// <see cref="HostNames"/>.
    /// </summary>
    internal bool IsOwnPage(string origin, HostString host) =>
        Uri.TryCreate(origin, UriKind.Absolute, out Uri? page)
        && page.Scheme is "http" or "https"
        && page.Authority.Equals(host.Value, StringComparison.OrdinalIgnoreCase)
        && names.IsAllowed(page.Host);

    /// <summary>
    /// Whether the page comes from the machine of the user: from localhost or a name below it, on any port, or from an installed application. Browsers resolve
    /// all names below localhost to the user's own machine. A browser also sends the origin <c>null</c> for files, but web sites can cause it too, so it is not
    /// local.
    /// </summary>
    private static bool IsLocal(string origin)
    {
        int colon = origin.IndexOf("://", StringComparison.Ordinal);
        if (colon < 0)
            return false;
        string scheme = origin[..colon];
        if (LocalSchemes.Contains(scheme, StringComparer.OrdinalIgnoreCase))
            return true;
        return Uri.TryCreate(origin, UriKind.Absolute, out Uri? page)
            && page is { Scheme: "http" or "https", UserInfo: "", PathAndQuery: "/" }
            && (page.Host is "localhost" or "127.0.0.1" or "0.0.0.0" or "[::1]" || page.Host.EndsWith(".localhost", StringComparison.Ordinal));
    }
}
